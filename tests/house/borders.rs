//! Names that only certain layers may use: the system (files, sockets, clocks, the environment, the terminal), and the
//! crates that stand for one job.

use crate::source::Source;
use crate::{assert_none, planted, sources};

/// Names that are allowed in some folders only.
struct Border {
    /// Paths and everything below them; `.name` is a method.
    names: &'static [&'static str],
    /// Names that are harmless all the same.
    except: &'static [&'static str],
    /// The folders that may use them.
    folders: &'static [&'static str],
    /// The reason, for everywhere else.
    rule: &'static str,
}

const BORDERS: &[Border] = &[
    Border {
        names: &["std::fs", "tempfile", ".metadata", ".exists", ".is_file", ".is_dir", ".read_dir", ".canonicalize"],
        except: &[],
        folders: &["capture", "drive", "lab", "cli"],
        rule: "nothing but capture, drive, lab and cli touches files",
    },
    Border {
        names: &["std::net", "std::os", "socket2", "nix", "libc", "caps", ".to_socket_addrs"],
        except: &[
            "std::net::IpAddr",
            "std::net::Ipv4Addr",
            "std::net::Ipv6Addr",
            "std::net::SocketAddr",
            "std::net::SocketAddrV4",
            "std::net::SocketAddrV6",
            "std::net::AddrParseError",
        ],
        folders: &["capture", "drive", "lab", "cli"],
        rule: "nothing but capture, drive, lab and cli talks to the system; addresses are plain values",
    },
    Border {
        names: &[
            "std::time::SystemTime",
            "std::time::Instant",
            "std::time::UNIX_EPOCH",
            "std::thread::sleep",
            "jiff::Timestamp::now",
            "jiff::Zoned::now",
            ".elapsed",
        ],
        except: &[],
        folders: &["capture", "drive", "lab", "session", "cli"],
        rule: "time is the frame's time: no clock outside capture, drive, lab, session and cli",
    },
    Border {
        names: &["std::env", "jiff::tz::TimeZone::system"],
        except: &["std::env::consts"],
        folders: &["drive", "cli", "main"],
        rule: "only drive and cli ask the environment",
    },
    Border {
        names: &["std::process"],
        except: &["std::process::ExitCode"],
        folders: &["capture", "drive", "session", "cli"],
        rule: "processes belong to capture, drive, session and cli",
    },
    Border {
        names: &["std::thread"],
        except: &["std::thread::sleep"],
        folders: &["capture", "drive", "lab", "pipeline", "render", "session", "cli"],
        rule: "between what is read and what is written, packets go through one thread",
    },
    Border {
        names: &["std::io::stdin"],
        except: &[],
        folders: &["capture", "cli"],
        rule: "standard input is read by capture and cli",
    },
    Border {
        names: &[
            "std::io::stdout",
            "std::io::stderr",
            "print!",
            "println!",
            "eprint!",
            "eprintln!",
            "dbg!",
            "anstream",
            "indicatif",
            "terminal_size",
        ],
        except: &[],
        folders: &["cli"],
        rule: "only cli prints and knows a terminal",
    },
    Border {
        names: &["clap", "clap_complete", "clap_mangen"],
        except: &[],
        folders: &["cli"],
        rule: "arguments end in cli",
    },
    Border {
        names: &["pcap"],
        except: &[],
        folders: &["capture", "lab"],
        rule: "libpcap stays in capture, and at the ends of the lab's link",
    },
    Border {
        names: &["etherparse"],
        except: &[],
        folders: &["decode", "lab"],
        rule: "bytes become packets in decode, and on the lab's link; everybody else sees the model",
    },
    Border {
        names: &["comfy_table", "serde", "serde_json", "csv"],
        except: &[],
        folders: &["render"],
        rule: "what a format looks like is known to render alone",
    },
];

fn is_under(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn breaches(source: &Source) -> Vec<String> {
    let mut breaches = Vec::new();
    for border in BORDERS.iter().filter(|border| !border.folders.contains(&source.module())) {
        let forbidden = |path: &str| {
            border.names.iter().any(|name| is_under(path, name))
                && !border.except.iter().any(|name| is_under(path, name))
        };
        for name in source.names.iter().filter(|name| forbidden(&name.path)) {
            breaches.push(format!("src/{}:{}: {}, but here is {}", source.path, name.line, border.rule, name.path));
        }
    }
    breaches
}

#[test]
fn only_border_modules_touch_the_system() {
    assert_none(&sources().iter().flat_map(breaches).collect::<Vec<_>>());
}

#[test]
fn every_layer_violation_is_found() {
    for border in BORDERS {
        for name in border.names {
            let text = match name {
                method if method.starts_with('.') => format!("fn f(x: X) {{ x{method}() }}"),
                print if print.ends_with('!') => format!("fn f() {{ {print}(\"x\") }}"),
                path => format!("fn f() {{ g({path}::x()) }}"),
            };
            assert_eq!(breaches(&planted("explain/step.rs", &text)).len(), 1, "{text}");
        }
    }
    let through_an_import =
        "use std::{io, time::{Duration, Instant as Moment}}; fn f() { io::stdout(); Moment::now() }";
    assert_eq!(breaches(&planted("report/view.rs", through_an_import)).len(), 3);
    let fine =
        "use std::net::IpAddr; use std::io::Write; #[cfg(test)] use std::fs; #[cfg(test)] mod tests { use std::env; }";
    assert!(breaches(&planted("track/key.rs", fine)).is_empty());
}
