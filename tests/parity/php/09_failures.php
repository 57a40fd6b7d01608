<?php require __DIR__ . '/lib.php'; require __DIR__ . '/one_job.php';
/* setReturn(), exceptions and exit() in a worker's function */
head('setReturn');
foreach (['SUCCESS' => 0, 'WORK_FAIL' => GEARMAN_WORK_FAIL, 'WORK_EXCEPTION' => GEARMAN_WORK_EXCEPTION, 'WORK_ERROR' => GEARMAN_WORK_ERROR,
    'ERRNO' => GEARMAN_ERRNO, 'IO_WAIT' => GEARMAN_IO_WAIT, 'TIMEOUT' => GEARMAN_TIMEOUT, 'NO_JOBS' => GEARMAN_NO_JOBS, 'PAUSE' => GEARMAN_PAUSE,
    'WORK_DATA' => GEARMAN_WORK_DATA, 'SHUTDOWN' => GEARMAN_SHUTDOWN] as $n => $rc) scenario($n, function ($j) use ($rc) {
    out('setReturn ' . v($j->setReturn($rc)) . ' rc ' . rc_name($j->returnCode()));
    return 'R';
});
scenario('refused codes', function ($j) {
    foreach ([53, 54, -1] as $rc) out(v($j->setReturn($rc)) . ' rc ' . rc_name($j->returnCode()));
    $j->setReturn(0);
    return 'R';
});
scenario('the work() after it', function ($j) { $j->setReturn(GEARMAN_WORK_FAIL); }, 3);
scenario('sendData resets it', function ($j) { $j->setReturn(GEARMAN_WORK_FAIL); $j->sendData('d'); out('rc ' . rc_name($j->returnCode())); return 'R'; });
scenario('after sendData', function ($j) { $j->sendData('d'); $j->setReturn(GEARMAN_WORK_FAIL); return 'R'; });
scenario('after sendFail', function ($j) { $j->sendFail(); $j->setReturn(GEARMAN_WORK_FAIL); });
scenario('after sendComplete', function ($j) { $j->sendComplete('C'); $j->setReturn(GEARMAN_WORK_FAIL); });
scenario('LOST_CONNECTION gives the job back', function ($j) {
    static $n = 0;
    out('call ' . (++$n));
    if ($n > 1) return 'second';
    $j->setReturn(GEARMAN_LOST_CONNECTION);
    return 'lost';
}, 1);
head('exceptions');
scenario('raised', function ($j) { throw new OopsError('oops', 3); }, 3);
scenario('without a text', function ($j) { throw new OopsError(); });
scenario('TypeError', function ($j) { throw new TypeError('typed'); });
scenario('sendData before', function ($j) { $j->sendData('d'); throw new OopsError('oops'); });
scenario('sendComplete before', function ($j) { $j->sendComplete('C'); throw new OopsError('oops'); });
scenario('sendException before', function ($j) { $j->sendException('mine'); throw new OopsError('oops'); });
scenario('sendFail before', function ($j) { $j->sendFail(); throw new OopsError('oops'); });
scenario('setReturn before', function ($j) { $j->setReturn(GEARMAN_WORK_FAIL); throw new OopsError('oops'); });
scenario('caught inside', function ($j) { try { throw new OopsError('x'); } catch (OopsError $e) { return 'caught'; } });
recorded('raised, for a client without the option', 'the client waits for ever');
recorded('sendException, for a client without the option', 'the client waits for ever');
head('exit');
out('-- in the function');
$k = spawn(function () {
    $w = new GearmanWorker();
    $w->addServer('127.0.0.1', P);
    $w->addFunction('leaves', function ($j) { exit(4); });
    $w->setTimeout(5000);
    $w->work();
}, 'w', false);
until_ready(P, 'leaves');
$c = cl();
$c->setTimeout(400);
call('doNormal', fn() => $c->doNormal('leaves', 'x'), $c);
join_kid($k);
until(fn() => counts(P, 'leaves')[1] === 0);
show('jobs', counts(P, 'leaves'));
