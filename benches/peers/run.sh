#!/bin/sh
# Caveat's matcher beside other programs, one table: MB/s of processor time on one core.
# Needs a C compiler and libvectorscan-dev. LIMIT: seconds a cell may take, compiling its patterns included.
set -eu
cd "$(dirname "$0")"
limit=${LIMIT:-60}
data=target/data
mkdir -p "$data"
cargo build -q --release
bin=target/release/caveat-peers
cc -O2 -o target/vectorscan vectorscan.c -lhs
yara=yara/target/release/caveat-peers-yara
[ -n "${NO_YARA:-}" ] || cargo build -q --release --manifest-path yara/Cargo.toml
"$bin" write "$data"

cell() {
    status=0
    answer=$(timeout "$limit" "$@" 2>"$data/errors") || status=$?
    case $status in
        0) echo "${answer% *}" ;;
        124) echo "> $limit s" ;;
        *) echo failed ;;
    esac
}

echo "MB/s of processor time, one core; 500 folded ASCII listings of 1 KB mean; best of three rounds of 0.2 s."
echo "Caveat: rules that hit, with every place, overlapping ones too; folding and evaluation included."
echo "YARA-X: rules that hit, with places. Vectorscan: every match, overlapping ones too, with its end."
echo "RegexSet and one regex at a time: only whether each matches. '> $limit s': stopped, compiling included."
echo
echo "| patterns | Caveat | Vectorscan | YARA-X | RegexSet | one regex at a time |"
echo "|---|---|---|---|---|---|"
for row in words-100 words-1000 words-10000 words-100000 \
    substrings-100 substrings-1000 substrings-10000 substrings-100000 regexes-100 regexes-1000; do
    kind=${row%-*}
    set -- "$data/texts" "$data/$row" "$kind"
    ours=$(cell "$bin" caveat "$@")
    scan=$(cell target/vectorscan "$@")
    rules=not\ built
    [ -n "${NO_YARA:-}" ] || rules=$(cell "$yara" "$@")
    together=$(cell "$bin" set "$@")
    each=$(cell "$bin" each "$@")
    echo "| $kind, ${row#*-} | $ours | $scan | $rules | $together | $each |"
done
