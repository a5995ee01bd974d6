#!/usr/bin/env bash
# Make sure that programs are there: `needs.sh sshd=openssh-server rsync`. Root on Debian installs
# what is missing; everybody else is told what to install.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
missing=()
for need in "$@"; do
    command -v "${need%%=*}" >/dev/null || missing+=("${need##*=}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]}" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    exit 0
fi
echo "missing: ${missing[*]}; on Debian: sudo apt-get install ${missing[*]}" >&2
exit 1
