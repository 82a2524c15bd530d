// Package docker holds what the containers of docker-compose.yml need besides the
// programs, and the test that runs the file.
package docker
