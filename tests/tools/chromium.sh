#!/bin/sh
# chromium.sh FOLDER: a headless Chromium for the tests that look at pages, unpacked into FOLDER/chromium with the libraries that this
# machine lacks. One that is on PATH is used instead. As with fetch.sh nothing is installed, and no root is needed.
set -eu
mkdir -p "$1"
tools=$(cd "$1" && pwd)
command -v chromium > /dev/null && exit 0
[ -x "$tools/chromium/usr/lib/chromium/chromium" ] && exit 0
for needed in apt-get dpkg-deb; do
    command -v "$needed" > /dev/null || { echo "make tools: no $needed here: put a program chromium on PATH" >&2; exit 1; }
done

scratch=$(mktemp -d "$tools/.chromium.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Of the release that this machine runs, so that its own libraries fit: its sources, and what it has installed, are read and not changed.
mkdir -p "$scratch/lists/partial" "$scratch/archives/partial"
cp /var/lib/dpkg/status "$scratch/status"
cat > "$scratch/apt.conf" << END
Dir::State "$scratch";
Dir::State::lists "$scratch/lists";
Dir::State::status "$scratch/status";
Dir::Cache "$scratch";
Dir::Cache::archives "$scratch/archives";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Debug::NoLocking "true";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
echo "fetching chromium into $tools"
if ! { apt-get -qq -c "$scratch/apt.conf" update && apt-get -qq -y -c "$scratch/apt.conf" --download-only install chromium fonts-dejavu-core; } > "$scratch/log" 2>&1; then
    cat "$scratch/log" >&2
    echo "make tools: no chromium from this machine's packages: put one on PATH" >&2
    exit 1
fi
mkdir "$scratch/chromium"
for deb in "$scratch"/archives/*.deb; do dpkg-deb -x "$deb" "$scratch/chromium"; done
rm -rf "${tools:?}/chromium"
mv "$scratch/chromium" "$tools/chromium"
