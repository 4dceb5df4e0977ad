#!/usr/bin/env bash
# Shows that a stranger's first two commands work: makes a minimal Debian 12 (debootstrap, with git, make and
# ca-certificates and nothing else), clones what is committed here into it, and runs make targets there.
#
#   test/fresh-machine.sh [TARGET…]     default: demo test
#
# Needs root, for mounts and a process space of its own: when the script ends, however it ends, these end with it, and the
# folder below ${TMPDIR:-/tmp} is removed. Network and registries are this machine's: package sources, proxies and own
# certificate authorities are taken over at run time. Each target has FRESH_MINUTES (40).
set -euo pipefail

say() { echo "fresh-machine: $*"; }
stop() {
    say "$*" >&2
    exit 4
}

# ---- inside: the same script again, in its own mount and process space -------------------------------------------------

# take_over_network ROOT SOURCES: apt sources, proxies and certificate authorities of this machine, for the Debian in ROOT.
take_over_network() {
    local root=$1 sources=$2
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    [[ -z $sources ]] || printf 'deb %s\n' "${sources//$'\n'/$'\ndeb '}" >"$root/etc/apt/sources.list"
    apt-config dump 2>/dev/null | grep -E '^Acquire::(https?|ForceIPv|Check-)' >"$root/etc/apt/apt.conf.d/90host" || true
    find /usr/local/share/ca-certificates -name '*.crt' -exec cp -t "$root/usr/local/share/ca-certificates" {} + 2>/dev/null || true
}

# What of this machine's environment says how to reach a registry.
network_environment() {
    local name registry
    for name in http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY; do
        [[ -z ${!name:-} ]] || echo "$name=${!name}"
    done
    registry=$(npm config get registry 2>/dev/null) && echo "npm_config_registry=$registry"
    echo "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"
}

inside() {
    local root=$1/debian log=$1/log began status=0 target environment sources mirror results
    shift
    # Debian's own sources of this machine, as apt resolved them from whatever kind of file; empty elsewhere.
    # shellcheck disable=SC2016 # apt expands these
    sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
        sed -nE 's/^(\S+ bookworm\S* \S+) Debian$/\1/p') || true
    mirror=$(awk '$2 == "bookworm" { print $1; exit }' <<<"$sources")
    mapfile -t environment < <(network_environment)

    began=$SECONDS
    timeout 15m debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root" ${mirror:+"$mirror"} \
        >"$log" 2>&1 || { tail -n 20 "$log"; stop "debootstrap failed"; }
    take_over_network "$root" "$sources"
    git clone --quiet --no-hardlinks . "$root/srv/sallyport"
    results=("debootstrap $((SECONDS - began)) s")
    say "${results[0]}"

    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    # Not chroot: inside one, nobody may make namespaces, which a real machine can and some tests do.
    mkdir "$root/.host"
    cd "$root"
    pivot_root . .host
    umount -l /.host
    rmdir /.host
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    hash -r
    update-ca-certificates >/dev/null 2>&1 || stop "update-ca-certificates failed"

    cd /srv/sallyport
    for target in "$@"; do
        say "make $target"
        began=$SECONDS status=0
        timeout --kill-after=30 "${FRESH_MINUTES:-40}m" env -i PATH="$PATH" HOME=/root LANG=C.UTF-8 "${environment[@]}" \
            make "$target" </dev/null || status=$?
        results+=("make $target $((SECONDS - began)) s")
        ((status == 0)) || { say "make $target failed (exit code $status)"; break; }
    done
    printf 'fresh-machine: %s\n' "${results[@]}"
    exit "$status"
}

if [[ ${1:-} == --inside ]]; then inside "${@:2}"; fi

# ---- outside -----------------------------------------------------------------------------------------------------------

[[ ${1:-} != -* ]] || { echo "usage: test/fresh-machine.sh [TARGET…]" >&2; exit 2; }
((EUID == 0)) || stop "needs root (mounts, debootstrap); try: sudo $0 $*"
for tool in debootstrap git unshare pivot_root; do
    command -v "$tool" >/dev/null || stop "needs $tool: apt-get install --no-install-recommends debootstrap git util-linux"
done
cd "$(dirname "$0")/.."
git rev-parse --quiet --verify HEAD >/dev/null || stop "nothing is committed here yet, so there is nothing to clone"
[[ -z $(git status --porcelain) ]] || say "takes what is committed ($(git rev-parse --short HEAD)), not what is only in the work tree"

folder=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-fresh.XXXXXX")
child=
# Killing unshare kills the first process of its space, and that ends every process and mount in it.
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    [[ -z $child ]] || kill -KILL "$child" 2>/dev/null || true
    wait
    rm -rf --one-file-system "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

(($#)) || set -- demo test
unshare --mount --pid --fork --kill-child --mount-proc bash "test/$(basename "$0")" --inside "$folder" "$@" &
child=$!
status=0
wait "$child" || status=$?
child=
exit "$status"
