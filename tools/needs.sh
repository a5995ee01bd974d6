#!/usr/bin/env bash
# Make sure that programs and libraries are there: `needs.sh sshd=openssh-server libx.so=libx rsync`.
# Root on Debian installs what is missing; everybody else is told what to install.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
missing=()
is_there() {
    case $1 in
    *.so) ldconfig -p | grep -qF "$1" ;;
    *) command -v "$1" >/dev/null ;;
    esac
}
for need in "$@"; do
    is_there "${need%%=*}" || missing+=("${need##*=}")
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
