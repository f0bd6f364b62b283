//! The seccomp filter of a traced program: calls that may concern a socket stop it, all others run at full speed.

/// The system calls that stop a traced program.
const TRACED: &[libc::c_long] = &[
    libc::SYS_socket,
    libc::SYS_setsockopt,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendfile,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_shutdown,
    libc::SYS_close,
    libc::SYS_close_range,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_dup2,
    libc::SYS_dup3,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setgroups,
];

/// The numbers above are those of this architecture (linux/audit.h): programs of another one run untraced.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_003e);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_00b7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: Option<u32> = None;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;

/// The filter's program.
#[derive(Debug)]
pub(in crate::drive::programs) struct Filter(Vec<libc::sock_filter>);

impl Filter {
    /// The filter for this architecture, if it is known.
    pub(in crate::drive::programs) fn new() -> Option<Self> {
        let architecture = ARCHITECTURE?;
        let calls = u8::try_from(TRACED.len()).ok()?;
        let code = |code: u32, jt, jf, k| Some(libc::sock_filter { code: u16::try_from(code).ok()?, jt, jf, k });
        let load = |offset| code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset);
        let equal = |value, jt, jf| code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, jt, jf, value);
        let end = |value| code(libc::BPF_RET | libc::BPF_K, 0, 0, value);
        let mut program = vec![load(ARCH)?, equal(architecture, 0, calls + 1)?, load(NUMBER)?];
        for (left, number) in (1..=calls).rev().zip(TRACED) {
            program.push(equal(u32::try_from(*number).ok()?, left, 0)?);
        }
        program.push(end(libc::SECCOMP_RET_ALLOW)?);
        program.push(end(libc::SECCOMP_RET_TRACE)?);
        Some(Self(program))
    }

    /// As the kernel takes it; valid as long as this is.
    pub(in crate::drive::programs) fn for_kernel(&self) -> libc::sock_fprog {
        let len = libc::c_ushort::try_from(self.0.len()).unwrap_or_default();
        // the kernel only reads it
        libc::sock_fprog { len, filter: self.0.as_ptr().cast_mut() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The return value of the filter for a call.
    fn verdict(filter: &Filter, architecture: u32, number: u32) -> u32 {
        let (mut place, mut value) = (0, 0);
        loop {
            let code = filter.0[place];
            place += 1;
            match u32::from(code.code) & 0x07 {
                libc::BPF_LD => value = if code.k == ARCH { architecture } else { number },
                libc::BPF_JMP => place += usize::from(if value == code.k { code.jt } else { code.jf }),
                _ => return code.k,
            }
        }
    }

    #[test]
    fn only_the_calls_of_sockets_stop_a_program() {
        let (Some(filter), Some(own)) = (Filter::new(), ARCHITECTURE) else { return };
        for number in TRACED {
            assert_eq!(verdict(&filter, own, u32::try_from(*number).unwrap()), libc::SECCOMP_RET_TRACE, "{number}");
        }
        for number in [libc::SYS_openat, libc::SYS_mmap, libc::SYS_execve, libc::SYS_futex] {
            assert_eq!(verdict(&filter, own, u32::try_from(number).unwrap()), libc::SECCOMP_RET_ALLOW, "{number}");
        }
        let read = u32::try_from(libc::SYS_read).unwrap();
        assert_eq!(verdict(&filter, own ^ 1, read), libc::SECCOMP_RET_ALLOW, "another architecture");
    }
}
