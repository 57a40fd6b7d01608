<?php
/* Tasks with arguments: php arguments.php client PORT prints what a worker of Python answers; php arguments.php worker
 * PORT serves the function "php.resize", whose jobs come from tasks of Python. */
[, $role, $port] = $argv;
function resize(string $path, int $width = 80, string $mode = 'fit'): array { return [$path, $width, $mode]; }
if ($role === 'client') {
    $client = new GearmanClient();
    $client->addServer('127.0.0.1', (int)$port);
    $client->setTimeout(20000);
    $answers = [];
    foreach ([
        ['path' => 'a.png', 'width' => 100],
        ['mode' => "cr\xc3\xb6p", 'path' => 'b.png'],
        ['c.png', 5],
        ['width' => 1],
    ] as $arguments) {
        $answer = $client->doNormal('resize', serialize($arguments));
        $answers[] = $client->returnCode() === GEARMAN_SUCCESS ? unserialize($answer) : $client->returnCode();
    }
    echo json_encode($answers), "\n";
    exit;
}
$worker = new GearmanWorker();
$worker->addServer('127.0.0.1', (int)$port);
$worker->addFunction('php.resize', function (GearmanJob $job) {
    return serialize(resize(...unserialize($job->workload())));
});
while (@$worker->work());
