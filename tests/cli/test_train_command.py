"""Training from the command line: interrupted, it leaves with 130 and a state that --resume goes on from."""

import signal
import subprocess
import sys
import time
from pathlib import Path

TASK = "modular_addition:p=5,fraction=0.5"


def test_ctrl_c_leaves_a_resumable_state_and_130(tmp_path: Path) -> None:
    # where the tests run in the background, a shell has made them, and so their children, deaf to Ctrl-C
    start = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from scrubjay.cli import main; main()"
    )
    command = [sys.executable, "-c", start, "train", TASK, "--out", str(tmp_path / "run"), "--device", "cpu"]
    with subprocess.Popen([*command, "--save-every", "5"], stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "run" / "state.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        try:
            _, complaint = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "--resume" in complaint and "Traceback" not in complaint
    assert not (tmp_path / "run" / "network.safetensors").exists()
    lines = (tmp_path / "run" / "history.csv").read_text().splitlines()
    reached = int(lines[-1].split(",")[0])
    epochs = str(reached + 200)
    done = subprocess.run(
        [*command, "--resume", "--epochs", epochs, "--save-every", "1000"], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert "next: scrubjay explain" in done.stdout
    after = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert after[: len(lines)] == lines
    assert after[-1].startswith(f"{epochs},")
