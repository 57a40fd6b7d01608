<?php require __DIR__ . '/lib.php'; require __DIR__ . '/one_job.php';
/* The arguments and the return values of a worker's function */
head('return values');
foreach (['string' => 'abc', 'empty' => '', 'null' => null, 'true' => true, 'false' => false, '0' => 0, '42' => 42, 'WORK_FAIL' => GEARMAN_WORK_FAIL,
    'float' => 1.5, 'whole float' => 3.0, 'NUL' => "a\0b"] as $n => $r) scenario($n, fn($j) => $r);
scenario('nothing', function ($j) { });
scenario('sendData only', function ($j) { $j->sendData('d'); });
scenario('array', fn($j) => [1, 2]);
scenario('object', fn($j) => new stdClass);
head('arguments');
scenario('no context', function (...$a) { return count($a) . ' ' . v($a); });
foreach (['string' => 'CTX', 'null' => null, 'array' => ['k' => 1]] as $n => $x) scenario("context $n", function (...$a) { return count($a) . ' ' . v($a); }, 1, [$x]);
scenario('three parameters', function ($a, $b, $c) { return 'x'; });
scenario('accessors', fn($j) => v([$j->handle() !== '', $j->functionName() !== '', $j->unique(), $j->workload(), $j->workloadSize(), $j->returnCode()]));
scenario('procedural', fn($j) => v([gearman_job_handle($j) === $j->handle(), gearman_job_function_name($j) === $j->functionName(), gearman_job_unique($j),
    gearman_job_workload($j), gearman_job_workload_size($j), gearman_job_return_code($j), gearman_job_send_data($j, 'D'), gearman_job_send_warning($j, 'W'),
    gearman_job_send_status($j, 1, 2), gearman_job_set_return($j, 0), gearman_job_send_complete($j, 'C'), gearman_job_send_fail($j)]));
head('a context over two jobs');
function two(string $label, callable $fn, $ctx): void {
    static $i = 0;
    $name = 'two' . (++$i);
    out("-- $label");
    $k = spawn(function () use ($name, $fn, &$ctx) {
        $w = new GearmanWorker();
        $w->addServer('127.0.0.1', P);
        $w->addFunction($name, $fn, $ctx);
        $w->setTimeout(5000);
        $w->work();
        $w->work();
    }, 'w');
    until_ready(P, $name);
    isolated('', function () use ($name) { $c = cl(); for ($x = 0; $x < 2; $x++) show('doNormal', $c->doNormal($name, 'W')); });
    join_kid($k);
}
two('a number', function ($j, $x) { $x++; return "x=$x"; }, 10);
$o = new stdClass;
$o->n = 0;
two('an object', function ($j, $x) { $x->n++; return "n={$x->n}"; }, $o);
