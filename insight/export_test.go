package insight

// FirstOf is for tests.
var FirstOf = firstOf
