#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Stock git finds our entries well-formed and well signed, and not so with one byte flipped.
# usage: verify_commit.sh WRITE_ENTRIES
set -eu

for tool in git ssh-keygen; do
    command -v "$tool" >/dev/null || { echo "SKIPPED: no $tool" >&2; exit 77; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" "$work"

export GIT_DIR="$work/archive.git" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME="$work"
fail() { echo "FAILED: $*" >&2; exit 1; }
verify() { git -c gpg.ssh.allowedSignersFile="$work/allowed_signers" verify-commit "$1" 2>&1; }

git init --quiet --bare
git hash-object -t tree -w --stdin </dev/null >/dev/null
for i in 1 2 3; do
    git hash-object -t commit -w --stdin <"$work/$i"
done >"$work/found"
cmp "$work/names" "$work/found" || fail "git gives the commits other names"

key=$(cat "$work/key")
git update-ref "refs/igum/log/$key" "$(tail -n 1 "$work/found")"
[ "$(git rev-list --count "refs/igum/log/$key")" = 3 ] || fail "the log is no chain of three"
while read -r commit; do
    said=$(verify "$commit") || fail "$commit: $said"
    case $said in
    "Good \"git\" signature for $key@igum with ED25519 key "*) ;;
    *) fail "$commit: $said" ;;
    esac
done <"$work/found"
said=$(git fsck --full --strict 2>&1) || fail "fsck: $said"
said=$(echo "$said" | grep -v '^notice: ' || true) # An archive has no branch that HEAD could point to.
[ -z "$said" ] || fail "fsck: $said"

# One letter of the message, and one of the signature: both still well-formed commits.
sed 's/^seq 3$/seq 4/' "$work/3" >"$work/flipped-message"
sed '/^gpgsig /,/END SSH/{
n;n;n
s/^ \(.\{20\}\)A/ \1B/;t
s/^ \(.\{20\}\)./ \1A/
}' "$work/3" >"$work/flipped-signature"
for flipped in flipped-message flipped-signature; do
    [ "$(cmp -l "$work/3" "$work/$flipped" | wc -l)" = 1 ] || fail "$flipped: not one byte differs"
    commit=$(git hash-object -t commit -w --stdin <"$work/$flipped")
    if said=$(verify "$commit"); then
        fail "$flipped: git says $said"
    fi
done

# Nobody else's key.
sed 's/AAAAI\(.\{9\}\)./AAAAI\1x/' "$work/allowed_signers" >"$work/others"
cmp -s "$work/allowed_signers" "$work/others" && fail "the keys are the same"
mv "$work/others" "$work/allowed_signers"
if said=$(verify "$(head -n 1 "$work/found")"); then
    fail "another's key: git says $said"
fi
