# shellcheck shell=bash
# Sets up what building needs on a fresh Debian or Ubuntu: sourced by tests/demo and tests/check.
# Silent where nothing is to do, and asks nothing.

# set_up COMMAND...: the commands, libpcap with its headers, and the pinned Rust toolchain.
set_up() {
    local missing=() packages=()
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null || missing+=("$command")
    done
    for command in "${missing[@]}"; do
        case $command in
            cc) packages+=(gcc libc6-dev) ;;
            c++) packages+=(g++) ;;
            node) packages+=(nodejs) ;;
            x86_64-w64-mingw32-*) packages+=(gcc-mingw-w64-x86-64) ;;
            *) packages+=("$command") ;;
        esac
    done
    has_libpcap || packages+=(libpcap-dev)
    [ ${#packages[@]} -eq 0 ] || install_packages "${packages[@]}"
    install_rust
}

has_libpcap() {
    command -v pkg-config >/dev/null && pkg-config --exists libpcap
}

install_packages() {
    if ! command -v apt-get >/dev/null; then
        echo "Please install what these Debian packages hold, then start again: $*" >&2
        return 1
    fi
    echo "Installing $*" >&2
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update
    "${apt[@]}" install --yes --no-install-recommends "$@" >/dev/null
}

# The toolchain that rust-toolchain.toml names, through rustup.
install_rust() {
    local home=${CARGO_HOME:-$HOME/.cargo}
    command -v rustup >/dev/null || PATH=$home/bin:$PATH
    export PATH
    if ! command -v rustup >/dev/null; then
        # A compiler that came without rustup will do when it is new enough.
        if command -v cargo >/dev/null && is_new_enough; then
            return
        fi
        command -v curl >/dev/null || install_packages curl ca-certificates
        echo "Installing rustup" >&2
        curl --proto '=https' --tlsv1.2 --silent --show-error --fail https://sh.rustup.rs |
            sh -s -- -y --quiet --profile minimal --default-toolchain none --no-modify-path
        hash -r
    fi
    if ! rustc --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        echo "Installing Rust $(wanted_rust)" >&2
        rustup --quiet toolchain install "$(wanted_rust)" --profile minimal --component clippy --component rustfmt
    fi
}

wanted_rust() {
    sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml
}

is_new_enough() {
    local here
    here=$(rustc --version | cut -d ' ' -f 2)
    [ "$(printf '%s\n' "$(wanted_rust)" "$here" | sort -V | head -n 1)" = "$(wanted_rust)" ]
}
