# `just` lists what there is to do. What must hold stands in .ci/run; the recipes here call it.

set positional-arguments

[private]
default:
    @just --list --unsorted

# Run an echo session and show its steps; capturing asks for sudo where you are not root
[group('use')]
demo *options:
    ./setup
    cargo build --release --quiet
    {{ if `id -u` == "0" { "" } else { "sudo" } }} target/release/echolab session "$@"

# Explain a capture file
[group('use')]
analyze *arguments:
    cargo run --release --quiet -- analyze "$@"

# Install what building and running need: a linker and libpcap; `just setup tests` the tools of the tests too
[group('use')]
setup *what:
    ./setup "$@"

# Put echolab into ~/.cargo/bin
[group('use')]
install:
    ./setup
    cargo install --locked --path .

# The Debian package, in target/debian (`cargo install --locked cargo-deb` first)
[group('use')]
deb:
    ./setup
    packaging/deb

# Everything that must hold before a change is kept
[group('check')]
ci:
    .ci/run

# The tests, or those whose name contains a word; the real sessions need root
[group('check')]
test *filter:
    ./setup tests
    cargo test "$@"

# Formatting and clippy, warnings forbidden
[group('check')]
lint:
    .ci/run format lint

# The documentation of the library, warnings forbidden
[group('check')]
doc:
    .ci/run doc

# Every scenario on each network where it runs; or those whose name contains a word
[group('check')]
scenarios *filter:
    cargo test --quiet --test scenarios -- "$@"

# Every scenario fifty times, then five hundred sessions of mixed scenarios whose frames are counted at both ends
[group('check')]
soak times='50':
    ECHOLAB_SOAK="$1" ECHOLAB_MIXED=500 cargo test --quiet --test scenarios -- --test-threads 8

# Every field of every packet against tshark, every finding against what was really done
[group('check')]
oracle:
    .ci/run setup build oracle truth

# Fuzz one target, or all, for so many seconds each (`cargo install --locked cargo-fuzz` first)
[group('check')]
fuzz target='all' seconds='60':
    fuzz/run "$1" "$2"

# Licences, sources and known flaws of every dependency (`cargo install --locked cargo-deny` first)
[group('check')]
deny:
    cargo deny --config .deny.toml check

# Format the code
[group('change')]
format:
    cargo fmt --all

# Write the expected outputs anew, or one of them by its name; read what has changed
[group('change')]
bless name='1':
    ECHOLAB_BLESS="$1" cargo test --quiet --test cli
    ECHOLAB_BLESS="$1" cargo test --quiet --test readme
    git diff --stat -- tests docs '*.md'

# The screenshots of docs/images: pages of three scenarios (`apt-get install pngquant` first)
[group('change')]
pictures:
    cargo build --quiet
    tests/page/pictures.py target/debug/echolab docs/images

# Reading, decoding and rendering speed, then whole runs beside other programs; of one in `part` packets
[group('measure')]
bench part='1':
    cargo bench --quiet
    cargo build --release --quiet --bins --examples
    tests/benches/against_peers.py target/release/echolab target/release/examples/make_capture "$1"
