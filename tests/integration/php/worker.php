<?php
/* A worker as dmank's: php worker.php PORT. Scalars go back as text, arrays and objects serialized, exceptions as
 * serialized results; uncaught Errors fail the job. Says "ready" when its functions are known to the server. */
require __DIR__ . '/values.php';
function serve(callable $execute): callable {
    return function (GearmanJob $job) use ($execute) {
        try {
            $result = $execute(workload_of($job->workload()), $job);
        } catch (Exception $e) {
            $result = $e;
        }
        $job->sendComplete(is_array($result) || is_object($result) ? serialize($result) : (string)$result);
    };
}
ini_set('zend.exception_ignore_args', '1');
$worker = new GearmanWorker();
$worker->addServer('127.0.0.1', (int)$argv[1]);
$worker->addFunction('php.echo', serve(fn($x) => $x));
$worker->addFunction('php.type', serve(fn($x) => get_debug_type($x)));
$worker->addFunction('php.throw', serve(function ($x) { throw new RuntimeException($x); }));
$worker->addFunction('php.error', function ($job) { return strrev(); });
$worker->addFunction('php.fail', function ($job) { $job->sendFail(); });
$worker->addFunction('php.progress', function (GearmanJob $job) {
    $job->sendStatus(1, 2); $job->sendData('half '); $job->sendWarning('careful'); $job->sendComplete('whole');
});
while (true) {
    try { if (!@$worker->work() && $worker->returnCode() !== GEARMAN_TIMEOUT) break; } catch (Throwable $e) {}
}
