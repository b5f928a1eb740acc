"""CPU time a page of extruct (all syntaxes) on the product pages, beside `cargo bench --bench extract`.

    CAVEAT_SUITES=... python3 benches/extract_peers.py

Makes a virtual environment under target/peers and installs extruct there; then runs both on the same pages.
"""
import glob
import gzip
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "peers")
ROUNDS = 2


def in_venv():
    """Runs this script again in its own environment, then the bench."""
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        subprocess.check_call([sys.executable, "-m", "venv", VENV])
    subprocess.check_call([python, "-m", "pip", "install", "--quiet", "extruct==0.18.0"])
    subprocess.check_call([python, os.path.abspath(__file__), "measure"])
    if "--alone" not in sys.argv:
        subprocess.check_call(["cargo", "bench", "--quiet", "--bench", "extract"], cwd=ROOT)


def measure():
    import extruct

    folder = os.path.join(os.environ["CAVEAT_SUITES"], "pages/product-benchmark/html")
    times, refused = [], 0
    for path in sorted(glob.glob(os.path.join(folder, "*"))):
        with gzip.open(path) as file:
            page = file.read()
        best = float("inf")
        for _ in range(ROUNDS):
            started = time.process_time()
            try:
                extruct.extract(page, base_url="https://www.shop.example/p/4711", errors="ignore")
            except Exception:  # what it cannot read costs it time as well
                refused += 1
            best = min(best, time.process_time() - started)
        times.append(best * 1000)
    times.sort()
    p95 = times[-(-len(times) * 95 // 100) - 1]
    print(
        f"extruct, all syntaxes: {len(times)} page(s); CPU ms a page: "
        f"mean {sum(times) / len(times):.1f}, p95 {p95:.1f}, max {times[-1]:.1f}; {refused // ROUNDS} not read"
    )


if __name__ == "__main__":
    if "CAVEAT_SUITES" not in os.environ:
        print("not run: CAVEAT_SUITES is unset")
    elif "measure" in sys.argv:
        measure()
    else:
        in_venv()
