//! Networks of addresses (CIDR).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// A network: `10.0.0.0/8`, `fd00::/8`, or one address.
///
/// ```
/// use glance_stores::Network;
///
/// let network: Network = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.1.2.3".parse()?));
/// assert!("10.0.0.0/33".parse::<Network>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Its bits from the left; those of a v4 address stand at the right end.
    bits: u128,
    v4: bool,
    /// How many bits from the left are the network's, of 32 or 128.
    prefix: u32,
}

impl Network {
    pub(super) const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u32) -> Self {
        Self {
            bits: Ipv4Addr::new(a, b, c, d).to_bits() as u128,
            v4: true,
            prefix,
        }
    }

    pub(super) const fn v6(address: [u16; 8], prefix: u32) -> Self {
        let [a, b, c, d, e, f, g, h] = address;
        Self {
            bits: Ipv6Addr::new(a, b, c, d, e, f, g, h).to_bits(),
            v4: false,
            prefix,
        }
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (bits, v4) = bits_of(address);
        let width = if v4 { 32 } else { 128 };
        let hosts = width - self.prefix.min(width);
        let differ = (bits ^ self.bits).checked_shr(hosts).unwrap_or(0);
        v4 == self.v4 && differ == 0
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork {
            text: text.to_owned(),
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let (bits, v4) = bits_of(address);
        let width = if v4 { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(prefix) => prefix.parse().map_err(|_| invalid())?,
        };
        if prefix > width {
            return Err(invalid());
        }
        Ok(Self { bits, v4, prefix })
    }
}

fn bits_of(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(address) => (address.to_bits().into(), true),
        IpAddr::V6(address) => (address.to_bits(), false),
    }
}

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a network: write it as 10.0.0.0/8 or fd00::/8")]
pub struct InvalidNetwork {
    text: String,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = match u32::try_from(self.bits) {
            Ok(bits) if self.v4 => IpAddr::V4(bits.into()),
            _ => IpAddr::V6(self.bits.into()),
        };
        write!(f, "{address}/{}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        let network: Network = network.parse().unwrap();
        assert_eq!(network.to_string().parse(), Ok(network));
        network.contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_ends_where_its_prefix_says() {
        assert!(contains("172.16.0.0/12", "172.31.255.255"));
        assert!(!contains("172.16.0.0/12", "172.32.0.0"));
        assert!(contains("0.0.0.0/0", "255.255.255.255"));
        assert!(contains("fc00::/7", "fdff::1"));
        assert!(!contains("fc00::/7", "fe00::1"));
        assert!(contains("::/0", "ffff::"));
        assert!(contains("192.0.2.1", "192.0.2.1"));
        assert!(!contains("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn the_two_families_are_apart() {
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(!contains("::/0", "127.0.0.1"));
    }

    #[test]
    fn a_host_part_does_not_matter() {
        assert!(contains("10.1.2.3/8", "10.9.9.9"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "host/8",
            "10.0.0.0/",
            "10.0.0.0/-1",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
