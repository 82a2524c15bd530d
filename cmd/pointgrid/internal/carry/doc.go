// Package carry moves a ledger from the embedded home to a network of Fabric:
// its blocks are executed again there, the two states are compared key by key,
// and the companies adopt what they then have.
//
// What it promises:
//
//   - It can be interrupted at any point and begun again; how far it has come, the
//     network says.
//   - What the network has is that of this ledger and no other: a history that
//     begins or goes on differently is refused.
//   - Nothing of the embedded ledger is changed.
//
// What it refuses: to decide for a company whose key it does not hold.
package carry
