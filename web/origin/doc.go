// Package origin says where a request comes from: the address of the caller and
// the certificate it showed, also when a proxy of ours stands between.
//
// It promises to believe a header only of a proxy whose address was listed, and
// none by default: what a caller writes into X-Forwarded-For or Client-Cert
// itself is worth nothing.
package origin
