"""The intended differences between PHP's ext-gearman 2.2.1 and the mirror.

Each has a reason and every place at which the scenarios show it: a line ``group: heading / label``, then the lines that
only PHP prints (-) and the lines that the mirror prints instead (+). If a scenario shows a difference several times,
its line is repeated. The tests fail for a difference that is not in this table, and for a place in this table that does
not differ in this way.
"""
# ruff: noqa: E501 # lines of output, as they are

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    """id: for references. reason: what differs and why. places: where the scenarios show it. later: the same with
    libgearman 2.0 and later, for the sections in which that differs.
    """

    id: str
    reason: str
    places: str
    later: str = ""


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "late-answers",
        "A late answer goes to no other job with libgearman 2.0 and later. PHP takes it for the answer to the next"
        " job.",
        "",
        r"""
        04_timeouts: timeouts / the late answer of a doNormal is dropped
        - .| doNormal(data) -> "SLOW"
        + .| doNormal(data) -> "d1d2R"
        """,
    ),
    Difference(
        "null-as-host",
        "None as a host means localhost. PHP deprecates null there, although it is the default.",
        r"""
        15_versions: addServers with null / GearmanClient
        - .|   [Deprecated] GearmanClient::addServer(): Passing null to parameter #1 ($host) of type ?string is deprecated
        15_versions: addServers with null / GearmanWorker
        - .|   [Deprecated] GearmanWorker::addServer(): Passing null to parameter #1 ($host) of type ?string is deprecated
        """,
    ),
    Difference(
        "null-text",
        "Warnings have a text. If libgearman has none, the warning shows the name of the return code. PHP shows a"
        " null pointer, or the text of an earlier call.",
        r"""
        01_fresh: worker calls without a server / unregister #6
        - .|   [Warning] GearmanWorker::unregister(): (null)
        + .|   [Warning] GearmanWorker::unregister(): GEARMAN_NO_REGISTERED_FUNCTION
        01_fresh: worker calls without a server / unregisterAll #7
        - .|   [Warning] GearmanWorker::unregisterAll(): (null)
        + .|   [Warning] GearmanWorker::unregisterAll(): GEARMAN_NO_REGISTERED_FUNCTIONS
        11_objects: new GearmanJob / sendStatus
        - .|   [Warning] GearmanJob::sendStatus(): (null)
        + .|   [Warning] GearmanJob::sendStatus(): GEARMAN_INVALID_ARGUMENT
        11_objects: new GearmanJob / sendComplete
        - .|   [Warning] GearmanJob::sendComplete(): (null)
        + .|   [Warning] GearmanJob::sendComplete(): GEARMAN_INVALID_ARGUMENT
        11_objects: new GearmanJob / sendException
        - .|   [Warning] GearmanJob::sendException(): (null)
        + .|   [Warning] GearmanJob::sendException(): GEARMAN_INVALID_ARGUMENT
        11_objects: new GearmanJob / sendFail
        - .|   [Warning] GearmanJob::sendFail(): (null)
        + .|   [Warning] GearmanJob::sendFail(): GEARMAN_INVALID_ARGUMENT
        19_in_a_job: functions / unregister
        - .|   [Warning] GearmanWorker::unregister(): GEARMAN_UNKNOWN_STATE
        + .|   [Warning] GearmanWorker::unregister(): GEARMAN_NO_REGISTERED_FUNCTION
        19_in_a_job: functions / unregister of none
        - .|   [Warning] GearmanWorker::unregister(): GEARMAN_UNKNOWN_STATE
        + .|   [Warning] GearmanWorker::unregister(): GEARMAN_NO_REGISTERED_FUNCTION
        19_in_a_job: functions / unregisterAll
        - .|   [Warning] GearmanWorker::unregisterAll(): GEARMAN_UNKNOWN_STATE
        + .|   [Warning] GearmanWorker::unregisterAll(): GEARMAN_NO_REGISTERED_FUNCTIONS
        """,
    ),
    Difference(
        "exceptions-off",
        "With the exceptions option off, a job whose function raised ends with WORK_FAIL. PHP waits for ever:"
        " gearmand 1.1.20 sends a WORK_FAIL that libgearman does not recognize.",
        r"""
        04_do_outcomes: doNormal, setupExceptionHandler false / exc
        - .| never returns
        + .| doNormal(exc) -> ""
        + .|     rc 24=WORK_FAIL, error "GEARMAN_WORK_FAIL", errno 0
        + .|     doStatus [0, 0] doJobHandle ""
        04_do_outcomes: doNormal, setupExceptionHandler false / excfail
        - .| never returns
        + .| doNormal(excfail) -> ""
        + .|     rc 24=WORK_FAIL, error "GEARMAN_WORK_FAIL", errno 0
        + .|     doStatus [0, 0] doJobHandle ""
        04_do_outcomes: doNormal, setupExceptionHandler false / dataexc
        - .| never returns
        + .| doNormal(dataexc) -> ""
        + .|     rc 24=WORK_FAIL, error "GEARMAN_WORK_FAIL", errno 0
        + .|     doStatus [0, 0] doJobHandle ""
        09_failures: exceptions / raised, for a client without the option
        - .| the client waits for ever
        + c| Fail ""
        + c| runTasks -> true
        + w| work() THROWS OopsError("oops", code 0); rc 23=WORK_EXCEPTION, error "GEARMAN_UNKNOWN_STATE", errno 0
        09_failures: exceptions / sendException, for a client without the option
        - .| the client waits for ever
        + c| Fail ""
        + c| runTasks -> true
        + w| work() -> true, rc 0=SUCCESS
        14_fake_servers: other answers / WORK_FAIL with a NUL after the handle
        - .| never returns
        + .| doNormal -> ""
        + .|     rc 24=WORK_FAIL, error "GEARMAN_WORK_FAIL", errno 0
        """,
    ),
    Difference(
        "name-length",
        "A handle of 64 bytes or more is refused, and a unique key of 64 bytes is found. PHP waits for ever,"
        " because libgearman matches no answer to them.",
        r"""
        05_status: unknown / handle of 64 bytes
        - .| never returns
        + .|   [Warning] GearmanClient::jobStatus(): GEARMAN_INVALID_ARGUMENT: a job handle has at most 63 bytes
        + .| jobStatus -> [false, false, 0, 0]
        + .|     rc 49=INVALID_ARGUMENT, error "GEARMAN_INVALID_ARGUMENT: a job handle has at most 63 bytes", errno 0
        05_status: unknown / handle of 200 bytes
        - .| never returns
        + .|   [Warning] GearmanClient::jobStatus(): GEARMAN_INVALID_ARGUMENT: a job handle has at most 63 bytes
        + .| jobStatus -> [false, false, 0, 0]
        + .|     rc 49=INVALID_ARGUMENT, error "GEARMAN_INVALID_ARGUMENT: a job handle has at most 63 bytes", errno 0
        05_status: unknown / unique key of 64 bytes
        - .| never returns
        + .| jobStatusByUniqueKey -> [false, false, 0, 0]
        + .|     rc 0=SUCCESS
        07_callbacks: status tasks / of a handle of 64 bytes
        - .| never returns
        + .|   [Warning] GearmanClient::addTaskStatus(): GEARMAN_INVALID_ARGUMENT: a job handle has at most 63 bytes
        + .| addTaskStatus -> false
        + .|     rc 49=INVALID_ARGUMENT, error "GEARMAN_INVALID_ARGUMENT: a job handle has at most 63 bytes", errno 0
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        """,
    ),
    Difference(
        "unique-status",
        "jobStatusByUniqueKey() uses a connection of its own. PHP's client waits for ever for what it submits"
        " afterwards, because libgearman 1.1.20 then matches no JOB_CREATED.",
        r"""
        06_unique_status: after jobStatusByUniqueKey / doBackground
        - .| never returns
        + .| doBackground -> "H:golden:1"
        + .|     rc 0=SUCCESS
        + .| doBackground -> "H:golden:2"
        + .|     rc 0=SUCCESS
        06_unique_status: after jobStatusByUniqueKey / doNormal
        - .| never returns
        + .| doNormal -> "cba"
        + .|     rc 0=SUCCESS
        + .| doHigh -> "cba"
        + .|     rc 0=SUCCESS
        06_unique_status: after jobStatusByUniqueKey / runTasks
        - .| never returns
        + .| complete "cba"
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        12_wire_client: by unique key, on a client of its own
        - tap| #3> GET_STATUS_UNIQUE nope
        - tap| #3< STATUS_RES_UNIQUE nope\00\00\00\00\00
        + tap| #4> OPTION_REQ exceptions
        + tap| #4< OPTION_RES exceptions
        + tap| #4> GET_STATUS_UNIQUE nope
        + tap| #4< STATUS_RES_UNIQUE nope\00\00\00\00\00
        """,
    ),
    Difference(
        "exception-text",
        "If a worker's function raises an exception, the client gets its message. Without a message it gets the"
        " exception's type. PHP's client then learns only that the job failed.",
        r"""
        09_failures: exceptions / without a text
        - c| Fail ""
        + c| Exception "OopsError"
        09_results: arguments / three parameters
        - c| Exception "Too few arguments to function {closure}(), 2 passed and exactly 3 expected"
        + c| Exception "<lambda>() missing 1 required positional argument: 'c'"
        """,
    ),
    Difference(
        "phantom-success",
        "After a job that failed, work() waits for the next job. PHP's work() returns true once without running a job.",
        r"""
        09_failures: setReturn / the work() after it
        - w| work() -> true, rc 0=SUCCESS
        09_failures: setReturn / the work() after it
        + w| work() -> false, rc 47=TIMEOUT, error "gearman_wait(GEARMAN_TIMEOUT) timeout reached, 1 servers were poll(), no servers were available, pipe:true", errno 0
        09_failures: exceptions / raised
        - w| work() -> true, rc 0=SUCCESS
        09_failures: exceptions / raised
        + w| work() -> false, rc 47=TIMEOUT, error "gearman_wait(GEARMAN_TIMEOUT) timeout reached, 1 servers were poll(), no servers were available, pipe:true", errno 0
        09_results: return values / array
        - w|   [Warning] Array to string conversion
        - w| work() -> true, rc 0=SUCCESS
        + w| work() THROWS TypeError; rc 23=WORK_EXCEPTION, error "GEARMAN_UNKNOWN_STATE", errno 0
        09_sends: before the function returns / sendException, empty
        - w| work() -> true, rc 0=SUCCESS
        + w| work() -> false, rc 47=TIMEOUT, error "gearman_wait(GEARMAN_TIMEOUT) timeout reached, 1 servers were poll(), no servers were available, pipe:true", errno 0
        """,
    ),
    Difference(
        "result-type",
        "A result that cannot be sent raises TypeError in the worker, and the client gets that as an exception."
        ' PHP sends "Array" or nothing.',
        r"""
        09_results: return values / array
        - c| Complete "Array"
        + c| Exception "a worker function's result must be bytes, str or a number, not list"
        09_results: return values / object
        - c| Complete ""
        + c| Exception "a worker function's result must be bytes, str or a number, not SimpleNamespace"
        09_results: return values / object
        - w| work() THROWS Error("Object of class stdClass could not be converted to string", code 0); rc 0=SUCCESS
        + w| work() THROWS TypeError; rc 23=WORK_EXCEPTION, error "GEARMAN_UNKNOWN_STATE", errno 0
        """,
    ),
    Difference(
        "leaving",
        "KeyboardInterrupt in a function ends the worker, as SystemExit does, and the server gives the job to"
        " another worker. PHP has only exit().",
        r"""
        17_ends: an interrupted function / KeyboardInterrupt
        - .| there is none in PHP
        + .|     w| KeyboardInterrupt
        + .|     w| jobs: [true, 1]
        + .| jobStatus: [true, false, 0, 0]
        + .|     w| another worker runs it
        """,
    ),
    Difference(
        "callback-true",
        "A callback that returns true or 1 goes on. PHP passes it to libgearman as GEARMAN_IO_WAIT, and the client"
        " hangs.",
        r"""
        08_callback_returns: other values, once / true
        - .| wedges the client
        + .| Created ""
        + .| Data "d"
        + .| Warning "w"
        + .| Status ""
        + .| Complete "R"
        + .| runTasks #0 -> true
        + .|     rc 0=SUCCESS
        + .| runTasks #1 -> true
        + .|     rc 0=SUCCESS
        08_callback_returns: other values, once / 1
        - .| wedges the client
        + .| Created ""
        + .| Data "d"
        + .| Warning "w"
        + .| Status ""
        + .| Complete "R"
        + .| runTasks #0 -> true
        + .|     rc 0=SUCCESS
        + .| runTasks #1 -> true
        + .|     rc 0=SUCCESS
        08_callback_returns: other values, once / 1 as text
        - .| wedges the client
        + .| Created ""
        + .| Data "d"
        + .| Warning "w"
        + .| Status ""
        + .| Complete "R"
        + .| runTasks #0 -> true
        + .|     rc 0=SUCCESS
        + .| runTasks #1 -> true
        + .|     rc 0=SUCCESS
        """,
    ),
    Difference(
        "callback-exception",
        "After a callback has raised an exception, packets for other tasks wait for the next runTasks(). PHP drops"
        " them.",
        r"""
        08_callback_returns: exceptions / the first of three tasks
        + .| complete b
        + .| complete a
        """,
        r"""
        08_callback_returns: exceptions / the first of three tasks
        + .| complete b
        + .| complete c
        """,
    ),
    Difference(
        "clear-callbacks",
        "clearCallbacks() also holds for tasks that were added before. PHP throws an Error when a packet for them"
        " arrives.",
        r"""
        07_tasks: when a callback is bound / clearCallbacks after addTask
        - .| runTasks -> THROWS Error("Invalid callback , no array or string given", code 0)
        + .| runTasks -> true
        07_tasks: when a callback is bound / clearCallbacks in a callback
        - .| runTasks -> THROWS Error("Invalid callback , no array or string given", code 0)
        + .| runTasks -> true
        """,
    ),
    Difference(
        "non-blocking-do",
        "do*() on a NON_BLOCKING client waits for the answer. PHP's do*() loses it now and then.",
        r"""
        04_timeouts: a client that does not block / doBackground against a slow server
        - .| doBackground -> ""
        - .|     rc 1=IO_WAIT, error "GEARMAN_UNKNOWN_STATE", errno 0
        + .| doBackground -> "H:f:1"
        + .|     rc 0=SUCCESS
        """,
    ),
    Difference(
        "re-entry",
        "A call on a client from its own callback is refused, and the tasks go on; so is work() in a job of the"
        " same worker. In PHP these hang or crash. addServer() without the exception handler works in a callback,"
        " and all other methods of a worker in its jobs.",
        r"""
        07_tasks: calls on the client from its own callback / doBackground
        - .| hangs or crashes
        + .| runTasks -> THROWS ConcurrentUseError("this client is in the middle of a call, and this is one of its callbacks or a signal handler; use another client here", code 0)
        + .| runTasks again -> true
        + .|     rc 0=SUCCESS
        + .| completed 6
        07_tasks: calls on the client from its own callback / runTasks
        - .| hangs or crashes
        + .| runTasks -> THROWS ConcurrentUseError("this client is in the middle of a call, and this is one of its callbacks or a signal handler; use another client here", code 0)
        + .| runTasks again -> true
        + .|     rc 0=SUCCESS
        + .| completed 6
        07_tasks: calls on the client from its own callback / doNormal
        - .| hangs or crashes
        + .| runTasks -> THROWS ConcurrentUseError("this client is in the middle of a call, and this is one of its callbacks or a signal handler; use another client here", code 0)
        + .| runTasks again -> true
        + .|     rc 0=SUCCESS
        + .| completed 6
        """,
    ),
    Difference(
        "status-tasks",
        "Several addTaskStatus() on one client are answered. PHP uses memory after freeing it.",
        r"""
        07_callbacks: status tasks / several, and a normal task
        - .| crashes
        + .| status s1 known true
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        + .| status s3 known true
        + .| status s2 known false
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        + .| complete n "R:n"
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        """,
        r"""
        07_callbacks: status tasks / several, and a normal task
        - .| crashes
        + .| status s1 known true
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        + .| status s2 known false
        + .| status s3 known true
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        + .| complete n "R:n"
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        """,
    ),
    Difference(
        "early-calls",
        "A client whose calls have failed because it had no server works when it has one. PHP's next calls now and then"
        " time out, or never return.",
        r"""
        05_status: a call before there is a server / jobStatus, addServer, and then others
        - .| now and then never returns
        + .| jobStatus -> [false, false, 0, 0]
        + .|     rc 0=SUCCESS
        + .| doBackground -> "H:golden:6"
        + .|     rc 0=SUCCESS
        05_status: a call before there is a server / doBackground, addServer, and then others
        - .| now and then never returns
        + .| jobStatus -> [false, false, 0, 0]
        + .|     rc 0=SUCCESS
        + .| doBackground -> "H:golden:6"
        + .|     rc 0=SUCCESS
        """,
    ),
    Difference(
        "grab-job",
        "grabJob() after GEARMAN_NO_JOBS asks the servers again. PHP crashes in libgearman 1.1.20.",
        r"""
        10_grab_job: grabJob / a job, then nothing, then again
        - .| crashes
        + .| grabJob -> object(GearmanJob)
        + .|     rc 0=SUCCESS
        + .| sendComplete: true
        + .|   [Warning] GearmanWorker::grabJob(): GEARMAN_UNKNOWN_STATE
        + .| grabJob #0 -> false
        + .|     rc 35=NO_JOBS, error "GEARMAN_UNKNOWN_STATE", errno 0
        + .|   [Warning] GearmanWorker::grabJob(): GEARMAN_UNKNOWN_STATE
        + .| grabJob #1 -> false
        + .|     rc 35=NO_JOBS, error "GEARMAN_UNKNOWN_STATE", errno 0
        + .|   [Warning] GearmanWorker::grabJob(): GEARMAN_UNKNOWN_STATE
        + .| grabJob #2 -> false
        + .|     rc 35=NO_JOBS, error "GEARMAN_UNKNOWN_STATE", errno 0
        + .| grabJob -> object(GearmanJob)
        + .|     rc 0=SUCCESS
        + .| workload: "y"
        10_grab_job: grabJob / NON_BLOCKING, until NO_JOBS, then again
        - .| crashes
        + .|   [Warning] GearmanWorker::grabJob(): GEARMAN_UNKNOWN_STATE
        + .|   [Warning] GearmanWorker::grabJob(): GEARMAN_UNKNOWN_STATE
        + .|   [Warning] GearmanWorker::grabJob(): GEARMAN_UNKNOWN_STATE
        + .| codes: ["35=NO_JOBS", "35=NO_JOBS", "35=NO_JOBS"]
        """,
    ),
    Difference(
        "unbuffered",
        "With UNBUFFERED_RESULT data is received whole and read in parts. In PHP results of several packets fail,"
        " and doNormal(), exceptions of workers, and recvData() and sendWorkload() before runTasks() crash.",
        r"""
        17_ends: UNBUFFERED_RESULT / several packets
        - .| fails with rc 49
        + .| data false size 2
        + .| recvData [2, "d1"]
        + .| recvData [0, ""]
        + .| recvData [0, ""]
        + .| recvData [0, ""]
        + .| data false size 2
        + .| recvData [2, "d2"]
        + .| recvData [0, ""]
        + .| recvData [0, ""]
        + .| recvData [0, ""]
        + .| data false size 1
        + .| recvData [1, "R"]
        + .| recvData [0, ""]
        + .| recvData [0, ""]
        + .| recvData [0, ""]
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        17_ends: UNBUFFERED_RESULT / doNormal
        - .| crashes
        + .| doNormal -> "cba"
        + .|     rc 0=SUCCESS
        + .| doNormal -> "d1d2R"
        + .|     rc 0=SUCCESS
        17_ends: UNBUFFERED_RESULT / an exception
        - .| crashes
        + .| data false size 7
        + .| recvData [4, "E: t"]
        + .| recvData [3, "ext"]
        + .| recvData [0, ""]
        + .| recvData [0, ""]
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        17_ends: buffered / recvData and sendWorkload before runTasks
        - .| crashes
        + .| recvData -> [0, ""]
        + .|   [Warning] GearmanTask::sendWorkload(): the workload was given to addTask() and goes out with the task
        + .| sendWorkload -> false
        + .| recvData(-1) -> THROWS ValueError
        + .| runTasks -> true
        + .|     rc 0=SUCCESS
        """,
    ),
    Difference(
        "text-protocol",
        "A server that is not a gearmand and answers with a line without a space is an error. PHP crashes in"
        " libgearman.",
        r"""
        14_fake_servers: a server that speaks another protocol / a line without a blank
        - .| crashes
        + .|   [Warning] GearmanClient::doNormal(): packet_create_arg(GEARMAN_TOO_MANY_ARGS) too many arguments for command (GEARMAN_TEXT)
        + .| doNormal -> ""
        + .|     rc 6=TOO_MANY_ARGS, error "packet_create_arg(GEARMAN_TOO_MANY_ARGS) too many arguments for command (GEARMAN_TEXT)", errno 0
        """,
    ),
    Difference(
        "fork",
        "A child process may not use a client of its parent, and leaves its connections alone. In PHP the end of"
        " the child shuts them down.",
        r"""
        17_ends: a child that inherits a client / and ends
        - .| shuts the connection of its parent down
        + .| doNormal -> "cba"
        + .|     rc 0=SUCCESS
        + .|     child| doNormal in the child -> THROWS ForkedUseError("this client belongs to the process that created it; create a new client in the child", code 0)
        + .| doNormal -> "cba"
        + .|     rc 0=SUCCESS
        """,
    ),
    Difference(
        "several-servers",
        "With two connected servers, do*() and jobStatus() wait for the server that they asked. PHP now and then"
        " waits for the other one.",
        r"""
        16_several_servers: two servers / a handle of the other one is unknown
        - .| now and then hangs
        + .| before: [true, false, 0, 0]
        + .| after: [false, false, 0, 0]
        16_several_servers: two servers / thirty doNormal
        - .| now and then hangs
        + .| answers: true
        16_several_servers: two servers / thirty doBackground and jobStatus
        - .| now and then hangs
        + .| handles: 30
        + .| known: true
        """,
    ),
    Difference(
        "out-of-range",
        "A port or a timeout that is out of range raises ValueError. PHP cuts it to the size of the C type, and"
        " throws a TypeError beyond 64 bits.",
        r"""
        18_arguments: out of range
        - addServer, port + 65536 -> true
        - setTimeout(2147483648) -> true
        - setTimeout(4294967303) -> true
        - worker setTimeout(2147483648) -> true
        + addServer, port + 65536 -> THROWS ValueError
        + setTimeout(2147483648) -> THROWS ValueError
        + setTimeout(4294967303) -> THROWS ValueError
        + worker setTimeout(2147483648) -> THROWS ValueError
        18_conversions: with a fraction or out of range / 1.0E+30
        - setTimeout -> THROWS TypeError
        + setTimeout -> THROWS ValueError
        18_conversions: with a fraction or out of range / "1e30"
        - setTimeout -> THROWS TypeError
        + setTimeout -> THROWS ValueError
        18_conversions: with a fraction or out of range / "99999999999999999999"
        - setTimeout -> THROWS TypeError
        + setTimeout -> THROWS ValueError
        18_conversions: with a fraction or out of range / "9223372036854775808"
        - setTimeout -> THROWS TypeError
        + setTimeout -> THROWS ValueError
        """,
    ),
    Difference(
        "nul-in-names",
        "A NUL byte in a name raises ValueError. PHP cuts the name there.",
        r"""
        18_arguments: NUL in a name
        - function -> "H:golden:1"
        - unique -> "H:golden:1"
        - handle -> [true, false, 0, 0]
        - context -> true
        - setId -> false
        + function -> THROWS ValueError
        + unique -> THROWS ValueError
        + handle -> THROWS ValueError
        + context -> THROWS ValueError
        + setId -> THROWS ValueError
        """,
    ),
    Difference(
        "argument-types",
        "What PHP converts with a deprecation or a warning raises TypeError: null for a name, data or a number, a"
        " number with a fraction for an integer, an array for the workload of a task. What PHP converts silently is"
        " converted here too.",
        r"""
        18_arguments: other types
        - [Deprecated] GearmanClient::doNormal(): Passing null to parameter #1 ($function) of type string is deprecated
        - [Warning] GearmanClient::doNormal(): add_task(GEARMAN_INVALID_ARGUMENT) invalid function
        - null as function -> ""
        - [Deprecated] GearmanClient::doNormal(): Passing null to parameter #2 ($workload) of type string is deprecated
        - [Warning] GearmanClient::doNormal(): add_task(GEARMAN_INVALID_ARGUMENT) invalid workload
        - null as workload -> ""
        + null as function -> THROWS TypeError
        + null as workload -> THROWS TypeError
        18_conversions: that are none / array
        - [Warning] Array to string conversion
        - addTask -> object(GearmanTask)
        + addTask -> THROWS TypeError
        18_conversions: that are none / array with an element
        - [Warning] Array to string conversion
        - addTask -> object(GearmanTask)
        + addTask -> THROWS TypeError
        18_conversions: that are none / object
        - addTask -> THROWS Error("Object of class stdClass could not be converted to string", code 0)
        + addTask -> THROWS TypeError
        18_conversions: with a fraction or out of range / "1.5"
        - [Deprecated] Implicit conversion from float-string "1.5" to int loses precision
        - setTimeout -> true
        + setTimeout -> THROWS TypeError
        18_conversions: with a fraction or out of range / "1e-1"
        - [Deprecated] Implicit conversion from float-string "1e-1" to int loses precision
        - setTimeout -> true
        + setTimeout -> THROWS TypeError
        18_conversions: with a fraction or out of range / " 2.5 "
        - [Deprecated] Implicit conversion from float-string " 2.5 " to int loses precision
        - setTimeout -> true
        + setTimeout -> THROWS TypeError
        18_conversions: with a fraction or out of range / 2.5
        - [Deprecated] Implicit conversion from float 2.5 to int loses precision
        - setTimeout -> true
        + setTimeout -> THROWS TypeError
        18_conversions: with a fraction or out of range / -0.5
        - [Deprecated] Implicit conversion from float -0.5 to int loses precision
        - setTimeout -> true
        + setTimeout -> THROWS TypeError
        """,
    ),
    Difference(
        "function-names",
        "addFunction() accepts numbers, and objects with a text, as names. PHP accepts them in register() only.",
        r"""
        18_conversions: addFunction
        - [Warning] GearmanWorker::addFunction(): Function name must be a string
        - addFunction -> false
        - [Warning] GearmanWorker::addFunction(): Function name must be a string
        - addFunction -> false
        - [Warning] GearmanWorker::addFunction(): Function name must be a string
        - addFunction -> false
        - [Warning] GearmanWorker::addFunction(): Function name must be a string
        - addFunction -> false
        + addFunction -> true
        + addFunction -> true
        + addFunction -> true
        + addFunction -> true
        """,
    ),
    Difference(
        "extra-arguments",
        "A constructor or a function without parameters refuses arguments, as everywhere in Python. PHP ignores them.",
        r"""
        19_objects: arguments that a constructor or a function without parameters is given
        - new GearmanTask(1) -> object(GearmanTask)
        - new GearmanJob(1) -> object(GearmanJob)
        - gearman_version(1) -> true
        + new GearmanTask(1) -> THROWS TypeError
        + new GearmanJob(1) -> THROWS TypeError
        + gearman_version(1) -> THROWS TypeError
        """,
    ),
    Difference(
        "no-answer",
        "Opening a connection takes at most 5 seconds, including the answer to addServer(). Then the next server"
        " is tried, and the first one is left out for 30 seconds. PHP tries for minutes, or never returns.",
        r"""
        20_no_answer: a server that does not answer, and one that does / the host drops packets
        - .| tries for minutes
        + .| doBackground -> true, returnCode 0
        + .| after 5 seconds
        + .| doBackground -> true, returnCode 0
        + .| at once
        20_no_answer: a server that does not answer, and one that does / it accepts connections
        - .| never returns
        + .| addServer -> Failed to set exception option
        + .| after 5 seconds
        + .| doBackground -> true, returnCode 0
        + .| at once
        """,
    ),
    Difference(
        "silent-server",
        "A worker of several servers waits 0.2 seconds for one that does not answer, and then asks the next one."
        " The answer counts when it comes. If a server stops in the middle of a packet, the worker leaves it after"
        " 5 seconds, which counts as a lost worker for the job. PHP waits for minutes, or never returns.",
        r"""
        20_no_answer: a worker of a server that does not answer, and of one that does / the host drops packets
        - .| tries for minutes
        + .| work -> true, returnCode 0
        + .| at once
        + .| work -> true, returnCode 0
        + .| at once
        20_no_answer: a worker of a server that does not answer, and of one that does / it accepts connections
        - .| never returns
        + .| work -> true, returnCode 0
        + .| at once
        + .| work -> true, returnCode 0
        + .| at once
        """,
    ),
    Difference(
        "shared-contexts",
        "A list or dict that is given as a context is shared with the caller, like every argument in Python: if a"
        " function or a callback changes it, the caller's is changed. PHP copies arrays.",
        r"""
        19_objects: arrays as contexts / of functions
        - .| n 1
        - .| n 1
        + .| n 2
        + .| n 3
        19_objects: arrays as contexts / of tasks
        - .| results: []
        + .| results: ["R"]
        """,
    ),
    Difference(
        "missing-constructor",
        "If a subclass does not call the constructor of its base class, the methods raise a RuntimeError that says"
        " so. In PHP the object has no client or worker, and each call fails without a reason.",
        r"""
        19_objects: a class that does not call the constructor
        - client returnCode -> 0
        - client error -> false
        - client options -> 4096
        - client timeout -> -1
        - client context -> ""
        - client clearCallbacks -> true
        + client returnCode -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + client error -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + client options -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + client timeout -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + client context -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + client clearCallbacks -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        19_objects: a class that does not call the constructor
        - client doBackground -> ""
        - client addTask -> false
        - worker returnCode -> 0
        - worker error -> false
        - worker options -> 0
        - worker timeout -> 0
        - worker work -> false
        - worker unregisterAll -> false
        + client doBackground -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + client addTask -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + worker returnCode -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + worker error -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + worker options -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + worker timeout -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + worker work -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        + worker unregisterAll -> THROWS RuntimeError("object not set up: its class does not call the constructor of its base class", code 0)
        """,
    ),
    Difference(
        "error-after-success",
        "After a success error() is GEARMAN_UNKNOWN_STATE: it does not repeat the text of an earlier failure, or of a"
        " server that was skipped. After calls that only add or remove functions it can be the earlier text, as in PHP,"
        " or False.",
        r"""
        19_error_texts: after a success / of a client with a dead server
        - .| doNormal rc 0 error "flush(GEARMAN_COULD_NOT_CONNECT)"
        - .| doBackground rc 0 error "flush(GEARMAN_COULD_NOT_CONNECT)"
        - .| jobStatus rc 0 error "flush(GEARMAN_COULD_NOT_CONNECT)"
        + .| doNormal rc 0 error "UNKNOWN_STATE"
        + .| doBackground rc 0 error "UNKNOWN_STATE"
        + .| jobStatus rc 0 error "UNKNOWN_STATE"
        19_error_texts: after a success / of runTasks() without a task
        - .| runTasks true rc 0 error "WORK_EXCEPTION"
        + .| runTasks true rc 0 error "UNKNOWN_STATE"
        19_error_texts: after a success / of a worker
        - .| unregister true rc 0 error "UNKNOWN_STATE"
        - .| unregisterAll true rc 0 error "UNKNOWN_STATE"
        + .| unregister true rc 0 error false
        + .| unregisterAll true rc 0 error false
        """,
    ),
    Difference(
        "dead-server-first",
        "A dead server that was added before the others does not end runTasks(). PHP reports a lost connection.",
        r"""
        19_better: several servers / runTasks with a dead server that was added first
        - .|   [Warning] GearmanClient::runTasks(): _client_run_tasks(GEARMAN_LOST_CONNECTION) detected lost connection in _client_run_tasks()
        - .| runTasks -> false
        - .| returnCode: 14
        + .| complete "cba"
        + .| runTasks -> true
        + .| returnCode: 0
        """,
    ),
    Difference(
        "do-between-tasks",
        "do*() on a client with pending or paused tasks does its job, and the tasks go on. PHP loses the task or"
        " times out.",
        r"""
        19_better: do* between tasks / that are pending
        - .| now and then loses the task or times out
        + .| doNormal -> "fed"
        + .| returnCode: 0
        + .| runTasks -> true
        + .| returnCode: 0
        + .| complete: ["cba"]
        19_better: do* between tasks / that are paused
        - .| loses the task or times out
        + .| data "d"
        + .| runTasks -> true
        + .| data "d"
        + .| complete "R"
        + .| doNormal -> "fed"
        + .| returnCode: 0
        + .| runTasks -> true
        + .| returnCode: 0
        """,
    ),
    Difference(
        "removed-functions",
        "A function that was removed and added again gets its jobs. A function that was added twice is gone after"
        " one unregister(). After the last unregister(), work() returns at once. PHP misses jobs, still runs the"
        " first function, and waits.",
        r"""
        19_better: functions that are removed / unregisterAll, then addFunction
        - .| work -> false
        - .| returnCode: 47
        + .| runs third
        + .| work -> true
        + .| returnCode: 0
        19_better: functions that are removed / unregister, then addFunction
        - .| work -> false
        - .| returnCode: 47
        + .| runs third
        + .| work -> true
        + .| returnCode: 0
        19_better: functions that are removed / the only one, right after a job
        - .| returnCode: 47
        + .| returnCode: 34
        19_better: functions that are removed / one that was added twice
        - .| the first runs
        - .| work -> true
        - .| returnCode: 0
        + .| work -> false
        + .| returnCode: 34
        """,
    ),
    Difference(
        "ping-of-a-worker",
        "A worker that a server has just woken up can ping, and then runs the job. PHP takes the wrong packet for"
        " the answer.",
        r"""
        19_better: ping of a worker / that is told of a job
        - .| ping -> false
        - .| returnCode: 9
        - .| work -> false
        - .| returnCode: 11
        + .| ping -> true
        + .| returnCode: 0
        + .| work -> true
        + .| returnCode: 0
        """,
    ),
    Difference(
        "workload-of-a-finished-task",
        "sendWorkload() on a finished task returns False with a warning. PHP returns the return code instead of a"
        " length.",
        r"""
        19_better: a finished task that is kept / sendWorkload
        - .| sendWorkload -> 29
        - .| returnCode: 0
        + .| sendWorkload -> false
        + .| returnCode: 29
        """,
    ),
    Difference(
        "exception-bit",
        "setOptions() ignores libgearman's bit 128. In PHP it asks the servers for exceptions, as"
        " enableExceptionHandler() does.",
        r"""
        19_better: options of a client / the bit for exceptions
        - .| returnCode: 23
        + .| returnCode: 24
        """,
    ),
    Difference(
        "pickling",
        "Pickling is refused. PHP serializes an empty object.",
        r"""
        18_arguments: copies
        - serialize GearmanClient -> "O:13:\"GearmanClient\":0:{}"
        - serialize GearmanWorker -> "O:13:\"GearmanWorker\":0:{}"
        - serialize GearmanJob -> "O:10:\"GearmanJob\":0:{}"
        - serialize GearmanTask -> "O:11:\"GearmanTask\":0:{}"
        + serialize GearmanClient -> THROWS TypeError
        + serialize GearmanWorker -> THROWS TypeError
        + serialize GearmanJob -> THROWS TypeError
        + serialize GearmanTask -> THROWS TypeError
        """,
    ),
)
