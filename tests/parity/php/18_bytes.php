<?php require __DIR__ . '/lib.php';
/* Names that are not UTF-8 come back and go out as the same bytes */
define('P', port('P'));
define('FAKE', port('FAKE'));
start_gearmand(P);
function cl(int $port = P): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', $port, $port === P); $c->setTimeout(5000); return $c; }
function wk(): GearmanWorker { $w = new GearmanWorker(); $w->addServer('127.0.0.1', P); $w->setTimeout(2000); return $w; }
$names = ['ISO-8859-1' => "f\xfc", 'no character' => "\xff\xfe\x80", 'cut UTF-8' => "gar\xc3", 'UTF-8 and not' => "\xc3\xa9\xe9", 'UTF-8' => 'jérôme',
    'overlong' => "\xc0\xaf", 'a surrogate' => "\xed\xb3\xbc", 'beyond Unicode' => "\xf5\x80\x80\x80", 'as an escape' => 'f\xfc', 'every byte' => implode('', array_map('chr', range(128, 190)))];
head('functions, keys, contexts');
foreach ($names as $label => $name) isolated($label, function () use ($name) {
    out('names');
    $c = cl();
    $c->setContext($name);
    show('context', $c->context());
    $t = $c->addTask($name, 'W', null, $name);
    show('task', [$t->functionName(), $t->unique()]);
    $again = $c->addTaskBackground($t->functionName(), $t->functionName(), null, $t->unique());
    show('again', [$again->functionName(), $again->unique()]);
    $c->addTask('other', 'W', null, $c->context());
    show('a status task', $c->addTaskStatus($name)->functionName());
    $w = wk();
    call('setId', fn() => $w->setId($name));
    foreach ([$name, "back-$name"] as $n) call('register', fn() => $w->register($n));
    $c = cl();
    call('doBackground', fn() => $c->doBackground($name, $name, $name) !== '');
    $j = $w->grabJob();
    show('job', [$j->functionName(), $j->unique(), $j->workload()]);
    call('doBackground of what was read', fn() => $c->doBackground('back-' . $j->functionName(), $j->functionName(), $j->unique()) !== '');
    call('sendComplete', fn() => $j->sendComplete($j->unique()));
    unset($j);
    $j = $w->grabJob();
    show('again', [$j->functionName(), $j->unique(), $j->workload()]);
    $j->sendComplete('');
    unset($j);
    call('unregister', fn() => $w->unregister($name));
    unset($w);
    out('results');
    $kid = worker(P, ["echo-$name" => fn($j) => $j->functionName(),
        "send-$name" => function ($j) { $j->sendData($j->functionName()); $j->sendWarning($j->unique()); $j->sendException($j->functionName()); }], 2);
    foreach (['Created', 'Data', 'Warning', 'Complete', 'Exception'] as $n)
        $c->{"set{$n}Callback"}(function ($t) use ($n) { out("$n " . v([$t->data(), $t->functionName(), $t->unique()])); });
    $c->addTask("echo-$name", 'W', null, $name);
    $c->runTasks();
    $c->addTask("send-$name", 'W', null, $name);
    $c->runTasks();
    join_kid($kid);
});
head('handles');
foreach ($names as $label => $name) {
    $k = fake(FAKE, function ($c) use ($name) {
        while (($p = packet_read($c)) !== null) {
            if ($p[0] === 18) packet_send($c, 8, $name);
            if ($p[0] === 7) { packet_send($c, 8, $name); packet_send($c, 13, $name, $name); }
            if ($p[0] === 15) packet_send($c, 20, $p[1], $p[1] === $name ? '1' : '0', '1', '2', '3');
        }
    });
    isolated($label, function () {
        $c = cl(FAKE);
        $h = call('doBackground', fn() => $c->doBackground('f', 'W'));
        show('doJobHandle', $c->doJobHandle());
        call('jobStatus', fn() => $c->jobStatus($h));
        $c->setCompleteCallback(function ($t) { out('complete ' . v([$t->jobHandle(), $t->data()])); });
        $c->setStatusCallback(function ($t) { out('status ' . v([$t->jobHandle(), $t->functionName(), $t->isKnown()])); });
        $t = $c->addTask('f', 'W');
        call('runTasks', fn() => $c->runTasks());
        $c->addTaskStatus($h);
        call('runTasks', fn() => $c->runTasks());
    });
    kill_kid($k);
}
