<?php
// php worker.php WORK PORT JOBS WARMUP: answers jobs as a PHP program would; see c/worker.c.
require __DIR__ . "/bench.php";

[, $work, $port, $jobs, $warmup] = $argv;
$drains = $work === "drain";
$first = (int) $warmup;
$last = (int) $warmup + (int) $jobs;
$seen = 0;
$meter = new Meter();

function at_mark(Meter $meter, bool $begins, bool $drains): void
{
    if (!$begins) {
        $meter->finish();
        return;
    }
    say_ready();
    if ($drains) {
        await_go();
    }
    $meter->begin();
}

$worker = new GearmanWorker();
$worker->addServer("127.0.0.1", (int) $port);
$worker->addFunction(FUNCTION_NAME, function (GearmanJob $job) use (&$seen, $first, $last, $meter, $drains) {
    $seen++;
    if ($seen === $first || $seen === $last) {
        at_mark($meter, $seen === $first, $drains);
    }
    return $drains ? "ok" : $job->workload();
});
while ($seen < $last && $worker->work()) {
}
check($seen === $last, "work");
$meter->report((int) $jobs);
