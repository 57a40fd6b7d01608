<?php
/* What ext-gearman does: runs programs whose steps come as lines of JSON, and answers each with a line. mirror_steps.py
 * runs the same steps in Python. Each program has a child process, so that a crash ends only that program:
 *   {"begin": true}      the child begins; its process id is the answer
 *   a step               see run(); the answer is what was seen, or {"ended": "signal 11"} if the child has died
 *   {"end": true}        the child ends; the answer is {"ended": "exit 0"}
 * Values: {"s": text} is a string whose bytes are the code points of the text, {"f": number} a float, {"ref": name} an
 * object that an earlier step has made; the others are those of JSON. */
declare(strict_types=0);
error_reporting(E_ALL);
ini_set('display_errors', '0');
ini_set('log_errors', '0');

final class Seen {
    public static array $objects = [];
    public static array $warnings = [];
    public static array $events = [];
}

final class Text {
    public function __construct(private string $text) {}
    public function __toString(): string { return $this->text; }
}

function encoded($x): mixed {
    if (is_string($x)) return ['s' => iconv('ISO-8859-1', 'UTF-8', $x)];
    if (is_float($x)) return ['f' => var_export($x, true)];
    if (is_array($x)) return array_map('encoded', array_values($x));
    if ($x instanceof Throwable) return ['raised' => get_class($x), 'message' => encoded($x->getMessage())];
    return is_object($x) ? ['object' => get_class($x)] : $x;
}

function decoded($x): mixed {
    if (!is_array($x)) return $x;
    if (array_is_list($x)) return array_map('decoded', $x);
    return match (array_key_first($x)) {
        's' => iconv('UTF-8', 'ISO-8859-1', $x['s']),
        'f' => (float)$x['f'],
        'ref' => Seen::$objects[$x['ref']],
        'text' => new Text($x['text']),
        'object' => new stdClass(),
        'callback' => callback($x['callback']),
        'function' => worker_function($x['function']),
    };
}

/* Notes what a task looks like in the callback of this name. Then returns or throws what is next in "then". */
function callback(array $spec): Closure {
    $then = $spec['then'];
    return function (GearmanTask $task, ...$context) use ($spec, &$then) {
        Seen::$events[] = [encoded($context), $spec['name'], encoded(task_state($task))];
        return outcome(array_shift($then));
    };
}

/* Calls methods of the job, and notes what they return. */
function worker_function(array $spec): Closure {
    return function (GearmanJob $job, $context) use ($spec) {
        $seen = [$job->functionName(), $job->workload(), $job->workloadSize(), $job->unique(), $job->handle(), $job->returnCode()];
        Seen::$events[] = [encoded($context), 'job', encoded($seen)];
        foreach ($spec['calls'] as [$method, $arguments]) {
            Seen::$events[] = [null, $method, observed(fn() => $job->$method(...decoded($arguments))), $job->returnCode()];
        }
        return outcome($spec['then']);
    };
}

function outcome(mixed $then): mixed {
    if (is_array($then) && array_key_first($then) === 'raise') throw new RuntimeException($then['raise']);
    return decoded($then);
}

function task_state(GearmanTask $task): array {
    $methods = ['returnCode', 'functionName', 'unique', 'jobHandle', 'isKnown', 'isRunning', 'taskNumerator', 'taskDenominator', 'data', 'dataSize'];
    return array_map(fn($method) => $task->$method(), $methods);
}

function observed(callable $call): mixed {
    try { return encoded($call()); } catch (Throwable $error) { return encoded($error); }
}

/* {"new": class, "as": name}; {"on": name, "call": method, "with": values, "as": name for an object that is returned};
 * {"state of": name of a task} */
function run(array $step): array {
    Seen::$warnings = Seen::$events = [];
    $on = $step['on'] ?? $step['as'] ?? null;
    $value = observed(function () use ($step) {
        if (isset($step['new'])) $value = new $step['new']();
        elseif (isset($step['state of'])) return task_state(Seen::$objects[$step['state of']]);
        else $value = Seen::$objects[$step['on']]->{$step['call']}(...decoded($step['with']));
        if (isset($step['as']) && is_object($value)) Seen::$objects[$step['as']] = $value;
        return $value;
    });
    $object = Seen::$objects[$on] ?? null;
    $state = $object instanceof GearmanClient || $object instanceof GearmanWorker
        ? [$object->returnCode(), encoded($object->error()), $object->getErrno()] : [];
    return ['value' => $value, 'warnings' => Seen::$warnings, 'events' => Seen::$events, 'state' => $state];
}

function answer(array $answer): void { fwrite(STDOUT, json_encode($answer, JSON_THROW_ON_ERROR) . "\n"); }

set_error_handler(function (int $kind, string $text) {
    Seen::$warnings[] = [$kind === E_DEPRECATED ? 'Deprecated' : 'Warning', encoded($text)['s']];
    return true;
});
while (($line = fgets(STDIN)) !== false) {
    $child = pcntl_fork();
    if (!$child) {
        answer(['begun' => getmypid()]);
        while (($line = fgets(STDIN)) !== false) {
            $step = json_decode($line, true, 512, JSON_THROW_ON_ERROR);
            if (isset($step['end'])) exit(0);
            answer(run($step));
        }
        exit(0);
    }
    pcntl_waitpid($child, $status);
    answer(['ended' => pcntl_wifsignaled($status) ? 'signal ' . pcntl_wtermsig($status) : 'exit ' . pcntl_wexitstatus($status)]);
}
