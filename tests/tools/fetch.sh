#!/bin/sh
# fetch.sh FOLDER: puts the releases of debian.txt side by side into FOLDER (FOLDER/prometheus-2.42/usr/bin/promtool, ...).
# Debian's packages are unpacked, not installed: apt works in a scratch folder with lists of its own, no service starts, nothing
# outside FOLDER changes, no root is needed. What is there already is not fetched again. Packages come from the mirror that this
# machine's apt uses; DEBIAN_MIRROR=URL names another.
set -eu

table=$(dirname "$0")/debian.txt
mkdir -p "$1"
tools=$(cd "$1" && pwd)

fail() {
    echo "make tools: $*" >&2
    exit 1
}

programs() {
    case $1 in
        prometheus-*) echo prometheus promtool ;;
        alertmanager-*) echo prometheus-alertmanager amtool ;;
        docker-compose-*) echo docker-compose ;;
        *) fail "debian.txt: no programs are known for $1" ;;
    esac
}

complete() { # FOLDER RELEASE
    names=$(programs "$2") || exit 1
    for name in $names; do
        [ -x "$1/usr/bin/$name" ] || return 1
    done
}

missing=
suites=
while read -r release suite _; do
    case $release in '' | '#'*) continue ;; esac
    if ! complete "$tools/$release" "$release"; then
        missing="$missing $release"
        case " $suites " in *" $suite "*) ;; *) suites="$suites $suite" ;; esac
    fi
done < "$table"
[ -n "$missing" ] || exit 0

for needed in apt-get dpkg dpkg-deb; do
    if ! command -v "$needed" > /dev/null; then
        echo "make tools: no $needed here, so these cannot be fetched; put the programs of each release there by hand:" >&2
        for release in $missing; do echo "  $tools/$release/usr/bin: $(programs "$release")" >&2; done
        exit 1
    fi
done
keyring=
for file in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
    [ -r "$file" ] && keyring=$file && break
done
[ -n "$keyring" ] || fail "Debian's keys are needed to check what is fetched: install the package debian-archive-keyring"

scratch=$(mktemp -d "$tools/.fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Proxies and credentials of the machine stay in force; its lists, its hooks and what it has installed do not. The sandbox user
# of apt could not write into a folder of ours.
mkdir -p "$scratch/lists/partial" "$scratch/archives/partial" "$scratch/deb"
: > "$scratch/status"
cat > "$scratch/apt.conf" << END
Dir::State "$scratch";
Dir::State::lists "$scratch/lists";
Dir::State::status "$scratch/status";
Dir::Cache "$scratch";
Dir::Cache::archives "$scratch/archives";
Dir::Cache::pkgcache "pkgcache.bin";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END

machine_mirror() {
    apt-get indextargets "$@" --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' \
        2> "$scratch/log" | sed '/^cdrom:/d; q'
}

mirror=${DEBIAN_MIRROR:-$(machine_mirror)}
if [ -z "$mirror" ]; then # slim images come without lists
    apt-get -qq -c "$scratch/apt.conf" update > "$scratch/log" 2>&1 || true
    mirror=$(machine_mirror -c "$scratch/apt.conf")
fi
[ -n "$mirror" ] || mirror=http://deb.debian.org/debian

for suite in $suites; do
    echo "deb [signed-by=$keyring arch=$(dpkg --print-architecture) target=Packages lang=none] $mirror $suite main"
done > "$scratch/sources.list"

ours() {
    command=$1
    shift
    "$command" -qq -c "$scratch/apt.conf" -o Dir::Etc::sourcelist="$scratch/sources.list" -o Dir::Etc::sourceparts=/dev/null "$@"
}

echo "fetching$missing into $tools"
if ! ours apt-get -o APT::Update::Error-Mode=any update > "$scratch/log" 2>&1; then
    cat "$scratch/log" >&2
    fail "no package lists of$suites from this machine's Debian mirror; DEBIAN_MIRROR=URL names another"
fi

failed=
while read -r release _ packages; do
    case " $missing " in *" $release "*) ;; *) continue ;; esac
    version=${release##*-}
    folder=$scratch/$release
    wanted=
    for package in $packages; do wanted="$wanted $package=$version.*"; done
    # shellcheck disable=SC2086 - a list of words; noglob keeps the * for apt
    if ! (cd "$scratch/deb" && set -f && ours apt-get download $wanted) > "$scratch/log" 2>&1; then
        cat "$scratch/log" >&2
        echo "make tools: $release could not be fetched; Debian has:" >&2
        for package in $packages; do ours apt-cache madison "$package" >&2; done
        echo "If it moved on, change the line of $release in tests/tools/debian.txt." >&2
        failed="$failed $release"
        continue
    fi
    for deb in "$scratch"/deb/*.deb; do dpkg-deb -x "$deb" "$folder"; done
    rm -f "$scratch"/deb/*.deb
    case $release in
        alertmanager-*)
            # Debian's Alertmanager reads its templates at an absolute path. As long, but relative: it runs in its own folder.
            LC_ALL=C sed -i 's|/usr/share/prometheus/alertmanager|usr/share/prometheus//alertmanager|g' \
                "$folder/usr/bin/prometheus-alertmanager"
            ;;
    esac
    for program in $(programs "$release"); do
        "$folder/usr/bin/$program" --version > "$scratch/log" 2>&1 || {
            cat "$scratch/log" >&2
            fail "$program of $release was fetched but does not run on this machine"
        }
    done
    complete "$tools/$release" "$release" && continue # another run was faster
    rm -rf "${tools:?}/$release"
    mv "$folder" "$tools/$release"
done < "$table"
[ -z "$failed" ] || fail "not there:$failed"
