<?php
// php client.php WORK PORT JOBS WARMUP SIZE [WINDOW]: submits jobs as a PHP program would.
require __DIR__ . "/bench.php";

function run_echo(GearmanClient $client, int $first, int $jobs, string $payload): array
{
    $latencies = [];
    $size = strlen($payload);
    for ($i = $first; $i < $first + $jobs; $i++) {
        $began = hrtime(true);
        $answer = $client->doNormal(FUNCTION_NAME, $payload, "bench-$i");
        if (strlen($answer) !== $size) {
            check(false, "doNormal");
        }
        $latencies[] = hrtime(true) - $began;
    }
    return $latencies;
}

function background(GearmanClient $client, int $first, int $jobs, string $payload): void
{
    for ($i = $first; $i < $first + $jobs; $i++) {
        if (!$client->doBackground(FUNCTION_NAME, $payload, "bench-$i")) {
            check(false, "doBackground");
        }
    }
}

function background_no_key(GearmanClient $client, int $jobs, string $payload): void
{
    for ($i = 0; $i < $jobs; $i++) {
        if (!$client->doBackground(FUNCTION_NAME, $payload)) {
            check(false, "doBackground");
        }
    }
}

function batch(GearmanClient $client, int $first, int $jobs, string $payload): void
{
    $answered = 0;
    $client->setCompleteCallback(function (GearmanTask $task) use (&$answered): void {
        $answered += strlen($task->data());
    });
    for ($i = $first; $i < $first + $jobs; $i++) {
        $client->addTask(FUNCTION_NAME, $payload, null, "bench-$i");
    }
    check($client->runTasks(), "runTasks");
    check($answered === strlen($payload) * $jobs, "counting the answers");
}

function bulk(GearmanClient $client, int $first, int $jobs, string $payload, int $window): void
{
    $handles = [];
    $client->setCreatedCallback(function (GearmanTask $task) use (&$handles): void {
        $handles[] = $task->jobHandle();
    });
    for ($i = $first; $i < $first + $jobs;) {
        for ($end = min($i + $window, $first + $jobs); $i < $end; $i++) {
            $client->addTaskBackground(FUNCTION_NAME, $payload, null, "bench-$i");
        }
        check($client->runTasks(), "runTasks");
    }
    check(count($handles) === $jobs, "counting the handles");
}

function run(string $work, GearmanClient $client, int $first, int $jobs, string $payload, int $window): array
{
    switch ($work) {
        case "echo":
            return run_echo($client, $first, $jobs, $payload);
        case "background":
            background($client, $first, $jobs, $payload);
            break;
        case "background-no-key":
            background_no_key($client, $jobs, $payload);
            break;
        case "batch":
            batch($client, $first, $jobs, $payload);
            break;
        case "bulk":
            bulk($client, $first, $jobs, $payload, $window);
            break;
        default:
            check(false, $work);
    }
    return [];
}

[, $work, $port, $jobs, $warmup, $size] = $argv;
$window = (int) ($argv[6] ?? 0);
$client = new GearmanClient();
$client->addServer("127.0.0.1", (int) $port);
if ($warmup > 0) {
    run($work, $client, 0, (int) $warmup, "warm-up", $window);
}
$meter = new Meter();
say_ready();
await_go();
$meter->begin();
$meter->latencies = run($work, $client, (int) $warmup, (int) $jobs, str_repeat("x", (int) $size), $window);
$meter->finish();
$meter->report((int) $jobs);
