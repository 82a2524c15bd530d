package signin

// ParsePHC is parsePHC, for the fuzzer.
var ParsePHC = parsePHC
