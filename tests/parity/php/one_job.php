<?php
/* one job: what its function does, seen by the worker and by a client with all callbacks */
define('P', port('P'));
start_gearmand(P);
class OopsError extends Exception {}
function cl(bool $exc = true): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P, $exc); $c->setTimeout(5000); return $c; }
function scenario(string $label, callable $fn, int $works = 1, array $context = [], bool $exc = true): void {
    static $i = 0;
    $name = 'fn' . (++$i);
    out("-- $label");
    $k = spawn(function () use ($name, $fn, $works, $context) {
        $w = new GearmanWorker();
        $w->addServer('127.0.0.1', P);
        $w->addFunction($name, $fn, ...$context);
        $w->setTimeout(5000);
        work($w);
        $w->setTimeout(150);
        for ($x = 1; $x < $works; $x++) work($w);
    }, 'w');
    until_ready(P, $name);
    $c = spawn(function () use ($name, $exc) {
        $c = cl($exc);
        foreach (['Data', 'Warning', 'Status', 'Complete', 'Exception', 'Fail'] as $n) if ($n !== 'Exception' || $exc)
            $c->{"set{$n}Callback"}(function ($t) use ($n) {
                out("$n " . v($t->data()) . ($n === 'Status' ? ' ' . $t->taskNumerator() . '/' . $t->taskDenominator() : ''));
            });
        $c->addTask($name, 'W', null, 'uq');
        call('runTasks', fn() => $c->runTasks());
    }, 'c');
    join_kid($c);
    join_kid($k);
}
