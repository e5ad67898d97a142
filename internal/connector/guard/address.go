package guard

import (
	"net/netip"
	"slices"
)

// refused4 are the IPv4 blocks that are nowhere on the public internet, or lead to something else than they say.
var refused4 = prefixes(
	"0.0.0.0/8",        // this network, unspecified
	"10.0.0.0/8",       // private
	"100.64.0.0/10",    // carriers' NAT; some clouds' metadata
	"127.0.0.0/8",      // loopback
	"168.63.129.16/32", // Azure's host, from inside of Azure
	"169.254.0.0/16",   // link-local; metadata of EC2, ECS, GCE, Azure
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocol assignments; some clouds' metadata
	"192.0.2.0/24",     // documentation
	"192.88.99.0/24",   // 6to4 relays
	"192.168.0.0/16",   // private
	"198.18.0.0/15",    // benchmarks
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, broadcast
)

// global6 is all of IPv6 that is routed; refused6 are its exceptions. Loopback, unspecified, unique local (with EC2's
// fd00:ec2::254), link-local, site-local, multicast and IPv4-compatible addresses are outside of it.
var (
	global6  = netip.MustParsePrefix("2000::/3")
	refused6 = prefixes(
		"2001::/23",     // protocol assignments; Teredo, which hides an IPv4 address
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4, which hides an IPv4 address
		"3fff::/20",     // documentation
	)
	// nat64 translates to the IPv4 address in its last four bytes; DNS on networks without IPv4 makes such addresses.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// public reports whether the address, as it is dialed, is on the public internet.
func public(host string) bool {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	a = a.WithZone("").Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if a.Is4() {
		return !within(refused4, a)
	}
	return global6.Contains(a) && !within(refused6, a)
}

func within(all []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(a) })
}
