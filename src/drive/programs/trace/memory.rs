//! Arguments of calls in a stopped program's memory: addresses, message headers, the values of options.

use std::fs::File;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::FileExt;

use crate::model::Endpoint;

/// `sizeof(struct sockaddr_in6)`
const ADDRESS: usize = 28;

/// `sizeof(struct mmsghdr)`, and where in it the length of its message is (64-bit architectures).
const MESSAGE: u64 = 64;
const MESSAGE_LEN: u64 = 56;

/// The memory of a process.
pub(super) struct Memory(File);

impl Memory {
    pub(super) fn of(tid: libc::pid_t) -> Option<Self> {
        File::open(format!("/proc/{tid}/mem")).ok().map(Self)
    }

    /// The address in the `struct sockaddr` at `at`.
    pub(super) fn endpoint(&self, at: u64) -> Option<Endpoint> {
        let mut bytes = [0; ADDRESS];
        let read = if at == 0 { 0 } else { self.0.read_at(&mut bytes, at).ok()? };
        endpoint(bytes.get(..read)?)
    }

    /// The address that the `struct msghdr` at `at` points to.
    pub(super) fn message_name(&self, at: u64) -> Option<Endpoint> {
        self.endpoint(u64::from_ne_bytes(self.bytes(at)?))
    }

    /// Each message of a list of `count` `struct mmsghdr`: its address and its length.
    pub(super) fn messages(&self, at: u64, count: u64) -> Vec<(Option<Endpoint>, u64)> {
        let one = |place: u64| {
            let header = at.checked_add(place * MESSAGE)?;
            let len = u32::from_ne_bytes(self.bytes(header.checked_add(MESSAGE_LEN)?)?);
            Some((self.message_name(header), u64::from(len)))
        };
        // no call takes more (UIO_MAXIOV)
        (0..count.min(1_024)).map_while(one).collect()
    }

    /// The `int` at `at`.
    pub(super) fn int(&self, at: u64) -> Option<i32> {
        self.bytes(at).map(i32::from_ne_bytes)
    }

    fn bytes<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    }
}

/// The address that a `struct sockaddr_in` or `struct sockaddr_in6` holds.
fn endpoint(bytes: &[u8]) -> Option<Endpoint> {
    let (family, rest) = bytes.split_first_chunk::<2>()?;
    let (port, rest) = rest.split_first_chunk::<2>()?;
    let port = u16::from_be_bytes(*port);
    match i32::from(u16::from_ne_bytes(*family)) {
        libc::AF_INET => Some(Endpoint::new(Ipv4Addr::from(*rest.first_chunk::<4>()?), port)),
        libc::AF_INET6 => {
            let address = Ipv6Addr::from(*rest.get(4..)?.first_chunk::<16>()?);
            Some(Endpoint::new(address.to_canonical(), port))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families_are_read() {
        let family = |family: i32| u16::try_from(family).unwrap().to_ne_bytes();
        let mut four = family(libc::AF_INET).to_vec();
        four.extend([0x30, 0x39, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(endpoint(&four), Some(Endpoint::new([127, 0, 0, 1], 12_345)));
        let mut six = family(libc::AF_INET6).to_vec();
        six.extend([0, 7, 0, 0, 0, 0]);
        six.extend(Ipv6Addr::LOCALHOST.octets());
        assert_eq!(endpoint(&six), Some(Endpoint::new(Ipv6Addr::LOCALHOST, 7)));
        let mut mapped = family(libc::AF_INET6).to_vec();
        mapped.extend([0, 7, 0, 0, 0, 0]);
        mapped.extend(Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets());
        assert_eq!(endpoint(&mapped), Some(Endpoint::new([127, 0, 0, 1], 7)), "as its frames show it");
        assert_eq!(endpoint(&family(libc::AF_UNIX)), None);
        assert_eq!(endpoint(four.get(..7).unwrap()), None);
    }

    #[test]
    fn memory_is_read_where_it_is() {
        let memory = Memory::of(std::process::id().cast_signed()).unwrap();
        let value = 42_i32;
        assert_eq!(memory.int((&raw const value).addr() as u64), Some(42));
        assert_eq!(memory.int(0), None);
    }
}
