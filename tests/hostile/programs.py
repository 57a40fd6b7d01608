"""The programs that talk to the hostile server, each in a child process, so that a crash is seen.

A program reads a line for each conversation: a seed, and "truthful" if the server loses and delays answers only, but
tells no lies. It talks, says "talked", reads a word, and then must get the right answer from a real server: it says
"right" or "wrong: ...". It says so too if it keeps descriptors or memory.
"""

from __future__ import annotations

COMMON = """
import asyncio, random
from gearman_cffi import Admin, Client, FunctionHandler, GearmanError, Job, JobCollection, RawSerializer, Worker
TIMEOUT = 0.08
LIMIT = 8  # seconds for a call: far above the timeout, because the machine may be busy
(PORT,) = PORTS
def attempt(name, call, *documented):
    began = time.monotonic()
    try:
        result = call()
    except documented as error:
        result = error
    spent = time.monotonic() - began
    if spent > LIMIT: say(f"{name} took {spent:.1f} s")
    return result
def expect(name, result, *kinds, right=None):
    if not isinstance(result, kinds): say(f"{name} returned {result!r}")
    # b"" of the mirror is a failure, if its return code says so.
    if truthful and right is not None and result and isinstance(result, kinds[0]) and result != right:
        say(f"{name} returned {result!r}, and the server has told no lie")
def right_or_error(answers, right):
    return [answer if not isinstance(answer, GearmanError) else word for answer, word in zip(answers, right)] == right
def kept():
    with open("/proc/self/statm") as statm: pages = int(statm.read().split()[1])
    return len(os.listdir("/proc/self/fd")), pages * 4096 // 2**20
def check_kept():  # the first conversations load modules and fill caches
    gc.collect()
    descriptors, size = kept()
    if len(before) < 4: return before.append((descriptors, size))
    if descriptors > max(before)[0] + 3: say(f"{descriptors} descriptors are open, before {before}")
    if size > max(size for _, size in before) + 64: say(f"{size} MiB are used, before {before}")
before = []
def recovered(name, check, tries):  # check: None if the call failed, else whether its answer is right
    for _ in range(tries):
        answer = check()
        if answer is not None: return say("right" if answer is True else f"wrong: {name}: {answer!r}")
    say(f"wrong: {name}: no answer in {tries} tries")
for line in sys.stdin:
    seed, *rest = line.split()
    truthful = rest == ["truthful"]
    chosen = random.Random(seed)
    HOSTILE
    say("talked")
    word = sys.stdin.readline().strip().encode()
    AFTERWARDS
    check_kept()
"""


def program(hostile: str, afterwards: str) -> str:
    """COMMON with the two parts of a conversation."""
    return COMMON.replace("    HOSTILE\n", hostile).replace("    AFTERWARDS\n", afterwards)


CLIENT = program(
    """
    client = GearmanClient()
    client.setTimeout(int(TIMEOUT * 1000))
    client.addServer("127.0.0.1", PORT, False)
    def look(task, *context):
        task.data(), task.jobHandle(), task.unique(), task.functionName(), task.returnCode()
        task.taskNumerator(), task.taskDenominator(), task.isKnown(), task.isRunning(), task.dataSize()
    for each in "Created", "Data", "Warning", "Status", "Complete", "Fail":
        getattr(client, f"set{each}Callback")(look)
    def run_tasks():
        for number in range(3): client.addTask("reverse", "task", None, chosen.choice([None, f"key {number}"]))
        client.addTaskStatus("H:hostile:1")
        return client.runTasks()
    calls = {
        "doNormal": (lambda: client.doNormal("reverse", "word"), bytes),
        "doHighBackground": (lambda: client.doHighBackground("reverse", "word", "key"), str),
        "jobStatus": (lambda: client.jobStatus("H:hostile:1"), list),
        "jobStatusByUniqueKey": (lambda: client.jobStatusByUniqueKey("key"), list),
        "ping": (lambda: client.ping("data"), bool),
        "runTasks": (run_tasks, bool),
        "enableExceptionHandler": (client.enableExceptionHandler, bool, GearmanException),
        "setExceptionCallback": (lambda: client.setExceptionCallback(look), bool, GearmanException),
    }
    for name in chosen.choices(list(calls), k=5):
        call, *kinds = calls[name]
        right = {"doNormal": b"drow", "ping": True}.get(name)
        expect(name, attempt(name, call, *kinds[1:]), *kinds, right=right)
""",
    """
    client.setTimeout(5000)
    def check():
        result = client.doNormal("reverse", word)
        return (result == word[::-1] or result) if result or not client.returnCode() else None
    recovered("doNormal", check, 4)
""",
)

WORKER = program(
    """
    worker, done = GearmanWorker(), []
    worker.setTimeout(int(TIMEOUT * 1000))
    worker.addServer("127.0.0.1", PORT, False)
    def function(job):
        job.handle(), job.unique(), job.functionName(), job.workloadSize()
        done.append(job.workload())
        job.sendStatus(1, 2), job.sendData("data"), job.sendWarning("warning")
        return chosen.choice(["result", b"", None])
    worker.addFunction("reverse", function)
    def grab():
        job = worker.grabJob()
        return job and function(job) and job.sendComplete("result")
    calls = {
        "work": (worker.work, bool), "work again": (worker.work, bool), "grabJob": (grab, object),
        "ping": (lambda: worker.ping("data"), bool),
        "enableExceptionHandler": (worker.enableExceptionHandler, bool, GearmanException),
        "register": (lambda: worker.register("other"), bool),
        "unregister": (lambda: worker.unregister("other"), bool),
    }
    for name in chosen.choices(list(calls), [3, 3, 2, 1, 1, 1, 1], k=5):
        call, *kinds = calls[name]
        expect(name, attempt(name, call, *kinds[1:]), *kinds)
""",
    """
    done.clear()
    worker.setTimeout(5000)
    def check():
        worker.work()
        for _ in range(10_000):  # each error for a late answer ends a call; a flood has 5,000 of them
            if worker.returnCode() != GEARMAN_UNEXPECTED_PACKET: break
            worker.work()
        return None if word not in done else done.count(word) == 1 or done
    recovered("work", check, 8)
    worker.unregisterAll()
""",
)

LAYER_CLIENT = program(
    """
    client = Client(f"127.0.0.1:{PORT}", RawSerializer(), timeout=TIMEOUT)
    jobs = [Job("reverse", b"%d" % number, unique=chosen.choice([None, f"key {number}"])) for number in range(5)]
    calls = {
        "execute_job": (lambda: client.execute_job("reverse", b"word"), bytes),
        "on_update": (lambda: client.execute_job("reverse", b"word", on_update=lambda update: None), bytes),
        "execute_in_background": (lambda: client.execute_in_background("reverse", b"word"), str),
        "execute_jobs": (lambda: client.execute_jobs(jobs), list),
        "execute_jobs_in_background": (lambda: client.execute_jobs_in_background(jobs), list),
        "stream_jobs": (lambda: list(client.stream_jobs(jobs)), list),
        "get_job_status": (lambda: client.get_job_status("H:hostile:1"), object),
        "get_job_status_by_unique": (lambda: client.get_job_status_by_unique("key"), object),
    }
    for name in chosen.choices(list(calls), k=5):
        call, kind = calls[name]
        result = attempt(name, call, GearmanError)
        expect(name, result, kind, GearmanError, right={"execute_job": b"drow", "on_update": b"drow"}.get(name))
        if truthful and name == "execute_jobs" and isinstance(result, list):
            if not right_or_error(result, [b"%d" % number for number in range(5)]): say(f"{name} returned {result!r}")
        if truthful and name == "stream_jobs" and isinstance(result, list):
            answers, right = [answer for _, answer in result], [job.get_workload() for job, _ in result]
            if not right_or_error(answers, right): say(f"{name} returned {result!r}")
""",
    """
    def check():
        try: result = client.execute_job("reverse", word, timeout=10)
        except GearmanError: return None
        return result == word[::-1] or result
    recovered("execute_job", check, 4)
""",
)

LAYER_WORKER = program(
    """
    done = []
    def handler(job):
        done.append(job.get_workload())
        if job.get_workload() == word: worker.stop()
        elif chosen.random() < 0.5: raise ValueError("no")
        return chosen.choice(["result", b""])
    word = None
    worker = Worker(
        f"127.0.0.1:{PORT}", JobCollection([FunctionHandler("reverse", handler)]),
        serializer=RawSerializer(), idle_interval=0.1,
    )
    import logging
    class Checking(logging.Handler):
        def emit(self, record):
            text = record.getMessage()
            if not text.isprintable(): say(f"log: {text!r}")
    logging.getLogger("gearman_cffi").handlers = [Checking()]
    logging.getLogger("gearman_cffi").setLevel(logging.DEBUG)
    def run(seconds):
        timer = threading.Timer(seconds, worker.stop)
        timer.start()
        worker.run()
        timer.cancel(), timer.join()
    attempt("run", lambda: run(0.4))
""",
    """
    done.clear()
    run(15)
    say("right" if done.count(word) == 1 else f"wrong: run: {done!r}")
""",
)

AIO_CLIENT = program(
    """
    from gearman_cffi import aio
    loop = asyncio.new_event_loop()
    client = aio.Client(f"127.0.0.1:{PORT}", RawSerializer(), timeout=TIMEOUT)
    words = [b"%d" % number for number in range(5)]
    jobs = [Job("reverse", word, unique=chosen.choice([None, f"key {word}"])) for word in words]
    async def watch():
        job = client.watch_job("reverse", b"word")
        async for update in job: pass
        return await job.result()
    async def stream(): return [answer async for _, answer in client.stream_jobs(jobs)]
    async def cancelled():
        task = asyncio.create_task(client.execute_job("reverse", b"word"))
        await asyncio.sleep(chosen.choice([0, 0.001, 0.01]))
        task.cancel()
        return await asyncio.gather(task, client.execute_job("reverse", b"other"), return_exceptions=True)
    calls = {
        "execute_job": (lambda: client.execute_job("reverse", b"word"), bytes),
        "execute_in_background": (lambda: client.execute_in_background("reverse", b"word"), str),
        "execute_jobs": (lambda: client.execute_jobs(jobs, on_error="return"), list),
        "execute_jobs_in_background": (lambda: client.execute_jobs_in_background(jobs, on_error="return"), list),
        "stream_jobs": (stream, list), "watch_job": (watch, bytes), "cancelled": (cancelled, list),
        "get_job_status": (lambda: client.get_job_status("H:hostile:1"), object),
    }
    for name in chosen.choices(list(calls), k=5):
        call, kind = calls[name]
        result = attempt(name, lambda: loop.run_until_complete(call()), GearmanError)
        expect(name, result, kind, GearmanError, right={"execute_job": b"drow", "watch_job": b"drow"}.get(name))
        if truthful and name == "execute_jobs" and isinstance(result, list):
            if not right_or_error(result, words): say(f"{name} returned {result!r}")
""",
    """
    def check():
        try: result = loop.run_until_complete(client.execute_job("reverse", word, timeout=10))
        except GearmanError: return None
        return result == word[::-1] or result
    recovered("execute_job", check, 4)
    loop.run_until_complete(client.close())
    loop.close()
""",
)

ADMIN = program(
    """
    admin = Admin(f"127.0.0.1:{PORT}", timeout=TIMEOUT)
    calls = [admin.status, admin.priority_status, admin.workers, admin.show_jobs, admin.show_unique_jobs, admin.version]
    calls += [admin.verbose, admin.getpid, lambda: admin.cancel_job("H:1"), lambda: admin.drop_function("other")]
    for call in chosen.choices(calls, k=12):
        expect(call, attempt(call, call, GearmanError), list, dict, bool, type(None), GearmanError)
""",
    """
    rows = Admin(f"127.0.0.1:{PORT}", timeout=10).status()
    say("right" if [row.workers for row in rows if row.function == "reverse"] == [1] else f"wrong: {rows}")
""",
)

COMMAND = program(
    """
    import contextlib, io
    from gearman_cffi.cli.app import run
    from gearman_cffi.exit_code import ExitCode
    def command(*arguments):
        sys.argv = ["gearman-cffi", *arguments, "--servers", f"127.0.0.1:{PORT}"]
        if "--timeout" not in arguments: sys.argv += ["--timeout", str(TIMEOUT)]
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2)]
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            code = run()
        for stream in streams: stream.flush()
        return code, *(stream.buffer.getvalue().decode("utf-8", "replace") for stream in streams)
    submitting = {"submit": ["submit", "reverse", "word"], "raw": ["submit", "reverse", "word", "--serializer", "raw"]}
    commands = submitting | {
        "background": ["submit", "reverse", "word", "--background"], "status": ["status", "H:hostile:1"],
        "workers": ["workers"], "jobs": ["jobs"], "cancel": ["cancel", "H:hostile:1"], "ping": ["ping"],
        "version": ["version"], "top": ["top", "--once"],
    }
    for name in chosen.choices(list(commands), k=8):
        code, out, err = attempt(name, lambda: command(*commands[name]))
        shown = err if name in submitting else out + err  # submit writes the result as it is
        if code not in set(ExitCode) or "Traceback" in err: say(f"{name} ended with {code}: {err}")
        if any(not letter.isprintable() for letter in shown if letter not in "\\n\\t"): say(f"{name} shows {shown!r}")
        if "background" in name and "\\nsecond" in shown: say(f"{name} breaks a line: {shown!r}")
""",
    """
    code, out, err = command("submit", "reverse", word.decode(), "--serializer", "raw", "--timeout", "10")
    say("right" if (code, out) == (0, word.decode()[::-1]) else f"wrong: submit: {code} {out!r} {err!r}")
""",
)

CLIENTS = {
    "GearmanClient": CLIENT,
    "Client": LAYER_CLIENT,
    "aio.Client": AIO_CLIENT,
    "Admin": ADMIN,
    "gearman-cffi": COMMAND,
}
WORKERS = {"GearmanWorker": WORKER, "Worker": LAYER_WORKER}
