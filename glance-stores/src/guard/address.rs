//! Which addresses are not for others to reach. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::network::Network;

/// Why an address may not be reached: what its range is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeniedRange {
    /// Of the cloud's own services: credentials for whoever asks.
    Metadata,
    /// "This host" (RFC 1122, RFC 4291).
    Unspecified,
    /// This machine.
    Loopback,
    /// This link, without an address of its own network.
    LinkLocal,
    /// Of this site (RFC 1918, RFC 4193, RFC 3879).
    Private,
    /// Between a carrier and its customers (RFC 6598).
    CarrierNat,
    /// Many hosts at once.
    Multicast,
    /// All hosts of the link.
    Broadcast,
    /// A way from IPv6 to IPv4 that may end anywhere (RFC 3056, RFC 4380, RFC 8215).
    Transition,
    /// Of nobody that could serve an image (RFC 6890).
    Reserved,
}

impl fmt::Display for DeniedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "cloud metadata",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Private => "private",
            Self::CarrierNat => "carrier NAT",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Transition => "IPv6 transition",
            Self::Reserved => "reserved",
        })
    }
}

/// The range that forbids an address, if one does. An address that stands for another is judged
/// by [that](reached).
pub(super) fn denied(address: IpAddr) -> Option<DeniedRange> {
    let address = reached(address);
    RANGES
        .iter()
        .find(|(network, _)| network.contains(address))
        .map(|(_, range)| *range)
}

/// The address that packets to `address` reach: the v4 address inside a mapped one, or inside one
/// of the well-known NAT64 prefix (RFC 6052). Hosts without IPv4 reach all of IPv4 by the latter.
pub(super) fn reached(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if NAT64.contains(address) => IpAddr::V4(lowest_bits(v6)),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn lowest_bits(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

const NAT64: Network = Network::v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// The first that contains an address names it.
const RANGES: [(Network, DeniedRange); 35] = {
    use DeniedRange as D;
    [
        (Network::v4(169, 254, 169, 254, 32), D::Metadata),
        (
            Network::v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
            D::Metadata,
        ),
        // Azure, Alibaba, Oracle.
        (Network::v4(168, 63, 129, 16, 32), D::Metadata),
        (Network::v4(100, 100, 100, 200, 32), D::Metadata),
        (Network::v4(192, 0, 0, 192, 32), D::Metadata),
        (Network::v4(0, 0, 0, 0, 8), D::Unspecified),
        (Network::v4(10, 0, 0, 0, 8), D::Private),
        (Network::v4(100, 64, 0, 0, 10), D::CarrierNat),
        (Network::v4(127, 0, 0, 0, 8), D::Loopback),
        (Network::v4(169, 254, 0, 0, 16), D::LinkLocal),
        (Network::v4(172, 16, 0, 0, 12), D::Private),
        (Network::v4(192, 0, 0, 0, 24), D::Reserved),
        (Network::v4(192, 0, 2, 0, 24), D::Reserved),
        (Network::v4(192, 88, 99, 0, 24), D::Transition),
        (Network::v4(192, 168, 0, 0, 16), D::Private),
        (Network::v4(198, 18, 0, 0, 15), D::Reserved),
        (Network::v4(198, 51, 100, 0, 24), D::Reserved),
        (Network::v4(203, 0, 113, 0, 24), D::Reserved),
        (Network::v4(224, 0, 0, 0, 4), D::Multicast),
        (Network::v4(255, 255, 255, 255, 32), D::Broadcast),
        (Network::v4(240, 0, 0, 0, 4), D::Reserved),
        (Network::v6([0; 8], 128), D::Unspecified),
        (Network::v6([0, 0, 0, 0, 0, 0, 0, 1], 128), D::Loopback),
        // v4-compatible addresses, and others of the block ::/8 that is reserved.
        (Network::v6([0; 8], 8), D::Transition),
        (Network::v6([0x100, 0, 0, 0, 0, 0, 0, 0], 8), D::Reserved),
        (
            Network::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32),
            D::Transition,
        ),
        (Network::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), D::Reserved),
        (
            Network::v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
            D::Reserved,
        ),
        (
            Network::v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
            D::Transition,
        ),
        (Network::v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), D::Reserved),
        (Network::v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), D::Reserved),
        (Network::v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), D::Private),
        (Network::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), D::LinkLocal),
        (Network::v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), D::Private),
        (Network::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), D::Multicast),
    ]
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_match_the_golden_table() {
        let addresses = [
            "0.0.0.0",
            "0.1.2.3",
            "1.1.1.1",
            "9.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "128.0.0.0",
            "168.63.129.16",
            "169.253.255.255",
            "169.254.0.1",
            "169.254.169.254",
            "169.255.0.0",
            "172.15.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "172.32.0.0",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.167.255.255",
            "192.168.0.1",
            "192.169.0.0",
            "198.17.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.20.0.0",
            "198.51.100.1",
            "203.0.113.1",
            "223.255.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.254",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:0:0:1::",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:1ff:ffff::",
            "2001:200::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "2003::1",
            "2606:4700:4700::1111",
            "3fff::1",
            "5f00::1",
            "fbff::1",
            "fc00::1",
            "fd00::1",
            "fd00:ec2::254",
            "fe7f::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ];

        let mut table = String::new();
        for address in addresses {
            let range = denied(address.parse().unwrap());
            let range = range.map_or("allowed".to_owned(), |range| range.to_string());
            table += &format!("{address}: {range}\n");
        }

        expect_test::expect_file!["golden/addresses.txt"].assert_eq(&table);
    }

    proptest! {
        #[test]
        fn a_v4_address_is_judged_alike_however_it_is_written(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let range = denied(v4.into());

            prop_assert_eq!(denied(v4.to_ipv6_mapped().into()), range);
            let nat64 = Ipv6Addr::from_bits((0x64_ff9b << 96) | u128::from(bits));
            prop_assert_eq!(denied(nat64.into()), range);
        }

        #[test]
        fn what_the_standard_library_calls_local_is_denied(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);

            if v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified()
                || v4.is_broadcast() || v4.is_multicast() || v4.is_documentation()
            {
                prop_assert!(denied(v4.into()).is_some());
            }
        }
    }
}
