<?php
// What the benchmark programs share; see c/bench.h.

const FUNCTION_NAME = "bench";

function check(bool $holds, string $what): void
{
    if (!$holds) {
        fwrite(STDERR, "$what failed\n");
        exit(1);
    }
}

function memory(string $field): int
{
    preg_match("/^$field:\s+(\d+)/m", file_get_contents("/proc/self/status"), $found);
    return 1024 * (int) $found[1];
}

function say_ready(): void
{
    fwrite(STDOUT, "ready\n");
}

function await_go(): void
{
    check(fgets(STDIN) !== false, "waiting for the runner");
}

function cpu_seconds(): float
{
    $usage = getrusage();
    return $usage["ru_utime.tv_sec"] + $usage["ru_stime.tv_sec"]
        + ($usage["ru_utime.tv_usec"] + $usage["ru_stime.tv_usec"]) / 1e6;
}

final class Meter
{
    public array $latencies = [];
    private float $began;
    private float $cpu;
    private array $figures = [];

    public function begin(): void
    {
        $this->figures["base"] = memory("VmRSS");
        $this->cpu = cpu_seconds();
        $this->began = hrtime(true) / 1e9;
    }

    public function finish(): void
    {
        $this->figures["seconds"] = hrtime(true) / 1e9 - $this->began;
        $this->figures["cpu"] = cpu_seconds() - $this->cpu;
    }

    public function report(int $jobs): void
    {
        $this->figures["jobs"] = $jobs;
        $this->figures["peak"] = memory("VmHWM");
        if ($this->latencies) {
            sort($this->latencies);
            $this->figures["p50"] = $this->latencies[intdiv($jobs, 2)] / 1e9;
            $this->figures["p99"] = $this->latencies[intdiv($jobs * 99, 100)] / 1e9;
        }
        fwrite(STDOUT, json_encode($this->figures) . "\n");
    }
}
