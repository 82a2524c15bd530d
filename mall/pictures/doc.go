// Package pictures has the drawings of products that come with PointGrid: flat
// pictures in SVG, drawn by hand in the colours of the house, without script, font
// or anything from elsewhere. They stand on a tinted ground in light and dark.
//
// Whoever has no picture for a product gets the neutral one of its kind.
package pictures
