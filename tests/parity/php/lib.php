<?php
/* What the PHP scenarios share. Each script starts servers of its own on ports that the test chose (PARITY_PORTS), and
 * prints one line for each observation; python/lib.py prints the same lines. Scenarios run in child processes, so that
 * a crash or a hang is an observation too. What a child printed is shown, indented, when it is joined. */
declare(strict_types=0);
error_reporting(E_ALL);
ini_set('display_errors', '0');
ini_set('log_errors', '0');
mt_srand(1);

final class H {
    public static array $procs = [];     // servers: pid => process
    public static array $kids = [];      // children: pid => [log, name]
    public static array $ports = [];     // port => the name it is printed by
    public static array $free = [];
    public static ?string $log = null;   // in a child: where out() writes
    public static string $tmp;
    public static int $seq = 0;
    public static bool $child = false;
    public static bool $mute = false;    // prints no warnings
}
H::$tmp = getenv('PARITY_TMP');
H::$free = array_map('intval', explode(',', getenv('PARITY_PORTS')));

/* ------------------------------------------------------------------ printing */

function norm(string $s): string {
    $s = preg_replace('/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/', '<uuid>', $s);
    foreach (H::$ports as $port => $name) $s = preg_replace("/(?<!\d)$port(?!\d)/", "<$name>", $s);
    return $s;
}
function out(string $s): void {
    $s = norm($s) . "\n";
    if (H::$log !== null) file_put_contents(H::$log, $s, FILE_APPEND);
    else fwrite(STDOUT, $s);
}
function v($x): string {
    if (is_string($x)) {
        if (strlen($x) > 200) return sprintf('string(%d) md5=%s', strlen($x), md5(norm($x)));
        return '"' . addcslashes($x, "\0..\37\"\\\177..\377") . '"';
    }
    if (is_array($x)) {
        $r = [];
        $list = array_is_list($x);
        foreach ($x as $k => $e) $r[] = ($list ? '' : v($k) . '=>') . v($e);
        return '[' . implode(', ', $r) . ']';
    }
    if ($x instanceof Throwable) return get_class($x) . '(' . v($x->getMessage()) . ', code ' . $x->getCode() . ')';
    if ($x instanceof stdClass) return 'stdClass' . v((array)$x);
    if (is_object($x)) return 'object(' . get_class($x) . ')';
    return var_export($x, true);
}
function rc_name(int $rc): string {
    static $names = null;
    if ($names === null) {
        $names = [33 => 'NO_REGISTERED_FUNCTION', 48 => 'ARGUMENT_TOO_LARGE', 49 => 'INVALID_ARGUMENT', 50 => 'IN_PROGRESS', 51 => 'INVALID_SERVER_OPTION', 52 => 'JOB_NOT_FOUND'];
        $on = false;
        foreach (get_defined_constants(true)['gearman'] as $name => $code) {
            $on = $on || $name === 'GEARMAN_SUCCESS';
            if ($on) $names[$code] ??= substr($name, 8);
            if ($name === 'GEARMAN_MAX_RETURN') break;
        }
    }
    return $rc . '=' . ($names[$rc] ?? '?');
}
function head(string $s): void { out("\n== $s"); }
function show(string $label, $x): void { out("$label: " . v($x)); }
function st($o): string {
    return 'rc ' . rc_name($o->returnCode()) . ', error ' . v($o->error()) . ', errno ' . v($o->getErrno());
}
/* calls, shows the value or the exception, and then the state of the object */
function call(string $label, callable $f, $o = null) {
    $r = null;
    try { $r = $f(); out("$label -> " . v($r)); }
    catch (Throwable $e) { out("$label -> THROWS " . v($e)); }
    if ($o !== null) out('    ' . st($o));
    return $r;
}
function muted(callable $f) {
    $before = H::$mute;
    H::$mute = true;
    try { return $f(); } finally { H::$mute = $before; }
}
set_error_handler(function ($no, $msg) {
    if (H::$mute) return true;
    if (strlen($msg) > 400) $msg = substr($msg, 0, 120) . '...' . substr($msg, -80);
    $names = [E_WARNING => 'Warning', E_NOTICE => 'Notice', E_DEPRECATED => 'Deprecated'];
    out('  [' . ($names[$no] ?? $no) . "] $msg");
    return true;
});
set_exception_handler(function ($e) { out('UNCAUGHT ' . v($e) . ' at ' . basename($e->getFile()) . ':' . $e->getLine()); });

/* ------------------------------------------------------------------- servers */

/* the next of the free ports, printed as <NAME> from now on */
function port(string $name): int {
    $port = array_shift(H::$free);
    H::$ports[$port] = $name;
    return $port;
}
function port_open(int $port): bool {
    return muted(function () use ($port) {
        $s = fsockopen('127.0.0.1', $port, $e, $m, 0.2);
        if ($s) fclose($s);
        return (bool)$s;
    });
}
function run_proc(array $cmd): int {
    $null = ['file', '/dev/null', 'r+'];
    $p = proc_open(['setpriv', '--pdeathsig', 'TERM', ...$cmd], [$null, $null, $null], $pipes);
    $pid = proc_get_status($p)['pid'];
    H::$procs[$pid] = $p;
    return $pid;
}
function start_gearmand(int $port, string ...$extra): int {
    $log = H::$tmp . '/gearmand-' . $port . '-' . getmypid() . '.log';
    $pid = run_proc(['gearmand', '-p', (string)$port, '-L', '127.0.0.1', '-l', $log, ...($extra ?: ['--job-handle-prefix=H:golden'])]);
    if (!until(fn() => port_open($port), 5000)) out('gearmand does not start');
    return $pid;
}
/* how many jobs the gearmands on a port, started with LOUD, have told their clients the handles of */
const LOUD = ['--job-handle-prefix=H:golden', '--verbose=DEBUG'];
function created(int $port): int {
    $n = 0;
    foreach (glob(H::$tmp . "/gearmand-$port-*.log") as $log) $n += substr_count(file_get_contents($log), 'Sent JOB_CREATED');
    return $n;
}
function until_created(int $port, int $n): void {
    if (!until(fn() => created($port) >= $n)) out("no $n jobs were created");
}
function stop_proc(int $pid, int $sig = SIGTERM): void {
    posix_kill($pid, $sig);
    if (!until(fn() => !proc_get_status(H::$procs[$pid])['running'], 3000)) posix_kill($pid, SIGKILL);
    unset(H::$procs[$pid]);
}
/* an answer of gearmand's text protocol */
function admin(int $port, string $cmd): string {
    $s = fsockopen('127.0.0.1', $port, $e, $m, 2);
    fwrite($s, "$cmd\n");
    stream_set_timeout($s, 2);
    $r = '';
    while (($l = fgets($s)) !== false && trim($l) !== '.') $r .= $l;
    fclose($s);
    return rtrim($r);
}
/* one function's [jobs, running, workers] in the status of a server */
function counts(int $port, string $function): array {
    foreach (explode("\n", admin($port, 'status')) as $l) {
        $f = explode("\t", $l);
        if ($f[0] === $function) return [(int)$f[1], (int)$f[2], (int)$f[3]];
    }
    return [0, 0, 0];
}
function until(callable $f, int $ms = 4000): bool {
    for ($end = microtime(true) + $ms / 1000; microtime(true) < $end; usleep(4000)) if ($f()) return true;
    return false;
}
function until_queued(int $port, string $function, int $n = 1): void {
    if (!until(fn() => counts($port, $function)[0] >= $n)) out("no $n jobs of $function");
}
function until_running(int $port, string $function, int $n = 1): void {
    if (!until(fn() => counts($port, $function)[1] >= $n)) out("no $n running jobs of $function");
}
function until_ready(int $port, string $function, int $n = 1): void {
    if (!until(fn() => counts($port, $function)[2] >= $n)) out("no $n workers for $function");
}
function until_done(int $port, string $function): void {
    if (!until(fn() => counts($port, $function)[0] === 0)) out("jobs of $function are left");
}

/* ------------------------------------------------------------------ children */

/* a child that runs $f; hard: without destructors, which would shut down connections that it shares with its parent */
function spawn(callable $f, string $name = 'child', bool $hard = true): int {
    $log = H::$tmp . '/log' . getmypid() . '-' . (++H::$seq);
    touch($log);
    $pid = pcntl_fork();
    if ($pid === 0) {
        H::$child = true;
        H::$log = $log;
        H::$kids = H::$procs = [];
        try { $f(); } catch (Throwable $e) { out('CHILD UNCAUGHT ' . v($e)); }
        foreach (array_keys(H::$procs) as $p) stop_proc($p);
        if ($hard) { touch("$log.ok"); posix_kill(getmypid(), SIGKILL); }
        exit(0);
    }
    H::$kids[$pid] = [$log, $name];
    return $pid;
}
function join_kid(int $pid, int $ms = 8000): void {
    [$log, $name] = H::$kids[$pid];
    $st = 0;
    $how = "";
    if (!until(function () use ($pid, &$st) { return pcntl_waitpid($pid, $st, WNOHANG) === $pid; }, $ms)) {
        posix_kill($pid, SIGKILL);
        pcntl_waitpid($pid, $st);
        $how = " (KILLED after timeout)";
    } elseif (pcntl_wifsignaled($st)) {
        if (!file_exists("$log.ok")) $how = " (DIED by signal " . pcntl_wtermsig($st) . ")";
    } elseif (pcntl_wexitstatus($st) !== 0) {
        $how = " (exit " . pcntl_wexitstatus($st) . ")";
    }
    print_log($pid);
    if ($how !== "") out("    $name|$how");
}
function print_log(int $pid): void {
    [$log, $name] = H::$kids[$pid];
    unset(H::$kids[$pid]);
    $txt = rtrim(file_get_contents($log), "\n");
    if ($txt !== '') foreach (explode("\n", $txt) as $l) out("    $name| $l");
}
function kill_kid(int $pid, bool $print = false): void {
    posix_kill($pid, SIGKILL);
    pcntl_waitpid($pid, $st);
    if ($print) print_log($pid);
    unset(H::$kids[$pid]);
}
function isolated(string $label, callable $f, int $ms = 8000): void { out("-- $label"); join_kid(spawn($f, '.'), $ms); }
/* the same with a normal exit, so that destructors run */
function isolated_soft(string $label, callable $f, int $ms = 8000): void { out("-- $label"); join_kid(spawn($f, '.', false), $ms); }

/* what PHP does where it hangs or crashes: not run, but told */
function recorded(string $label, string ...$lines): void {
    out("-- $label");
    foreach ($lines as $l) out("    .| $l");
}

/* a child that works: functions by name, $n calls of work(); returns when the server knows the functions,
 * or at once when jobs wait for it */
function worker(int $port, array $fns, int $n = 1, ?callable $setup = null, string $name = 'w', bool $quiet = true): int {
    $idle = !array_filter(array_keys($fns), fn($k) => counts($port, $k)[0] > 0);
    $pid = spawn(function () use ($port, $fns, $n, $setup, $quiet) {
        $w = new GearmanWorker();
        $w->addServer('127.0.0.1', $port);
        if ($setup) $setup($w);
        foreach ($fns as $k => $f) $w->addFunction($k, $f);
        $w->setTimeout(6000);
        for ($i = 0; $i < $n; $i++) work($w, $quiet);
    }, $name);
    if ($idle) foreach (array_keys($fns) as $k) until_ready($port, $k);
    return $pid;
}
/* one call of work(), with what came of it */
function work(GearmanWorker $w, bool $quiet = false): void {
    try { $r = $w->work(); if (!$quiet) out('work() -> ' . v($r) . ', ' . st($w)); }
    catch (Throwable $e) { out('work() THROWS ' . v($e) . '; ' . st($w)); }
}

/* ------------------------------------------------------------------ the wire */

/* a proxy between a port and a server that writes down every packet */
function start_tap(int $listen, int $upstream, string $host = '127.0.0.1'): int {
    $log = H::$tmp . "/tap-$listen.log";
    $pid = run_proc(['python3', dirname(__DIR__) . '/tap.py', (string)$listen, (string)$upstream, $log, $host]);
    if (!until(fn() => file_exists($log), 8000)) out('the tap does not start');
    return $pid;
}
/* whether a packet has passed since the last look, or does in time */
function tapped(int $listen, string $packet, int $times = 1): bool {
    return until(fn() => substr_count(file_get_contents(H::$tmp . "/tap-$listen.log"), $packet) >= $times);
}
/* what passed since the last look; waits until $last is among it */
function tap_dump(int $listen, string $last, int $times = 1, ?string $direction = null): void {
    $f = H::$tmp . "/tap-$listen.log";
    if (!tapped($listen, $last, $times)) out("    tap| (no $last)");
    $lines = explode("\n", rtrim(file_get_contents($f), "\n"));
    foreach ($lines as $l) if ($direction === null || str_contains(strtok($l, ' '), $direction)) out("    tap| $l");
    file_put_contents($f, '');
}
/* a server that is none: what $serve does with each connection */
function fake(int $port, callable $serve): int {
    $s = stream_socket_server("tcp://127.0.0.1:$port");
    $pid = spawn(function () use ($s, $serve) { while ($c = stream_socket_accept($s, 20)) $serve($c); }, 'fake');
    fclose($s);
    return $pid;
}
function packet_read($c): ?array {
    $h = fread($c, 12);
    if (strlen((string)$h) < 12) return null;
    $u = unpack('Ntype/Nlen', substr($h, 4));
    return [$u['type'], $u['len'] ? fread($c, $u['len']) : ''];
}
function packet_send($c, int $type, string ...$args): void {
    $b = implode("\0", $args);
    fwrite($c, "\0RES" . pack('NN', $type, strlen($b)) . $b);
}
register_shutdown_function(function () {
    if (H::$child) return;
    foreach (array_keys(H::$kids) as $pid) { posix_kill($pid, SIGKILL); pcntl_waitpid($pid, $st); }
    foreach (array_keys(H::$procs) as $pid) stop_proc($pid);
});
