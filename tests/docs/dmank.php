<?php
// The classes of dmank/gearman 3.3.0 that docs/moving-from-php.md uses, with the same packets through ext-gearman. The package
// itself cannot be installed here: it is on no registry of Debian.

namespace Symfony\Component\EventDispatcher {
    class EventDispatcher
    {
    }
}

namespace dmank\gearman {
    class Server
    {
        public function __construct(public $host, public $port)
        {
        }
    }

    class ServerCollection
    {
        public array $servers = [];

        public function add(Server $server)
        {
            $this->servers[] = $server;
        }

        public function connect($object)
        {
            foreach ($this->servers as $server) {
                $object->addServer($server->host, $server->port);
            }
            return $object;
        }
    }

    interface JobInterface
    {
        public function getWorkLoad();
    }

    class Job implements JobInterface
    {
        public function __construct(private $data)
        {
        }

        public function getWorkLoad()
        {
            return is_serialized($this->data) ? unserialize($this->data) : $this->data;
        }
    }

    interface JobHandlerInterface
    {
        public function listensToJob();

        public function execute(JobInterface $job);
    }

    class JobCollection
    {
        public array $handlers = [];

        public function add(JobHandlerInterface $handler)
        {
            $this->handlers[] = $handler;
        }
    }

    class Client
    {
        public function __construct(private ServerCollection $servers)
        {
        }

        public function executeJob($function, $workload)
        {
            $data = is_serialized($workload) ? $workload : serialize($workload);
            return $this->servers->connect(new \GearmanClient())->doLow($function, $data);
        }
    }

    class Worker
    {
        public function __construct(private ServerCollection $servers, private JobCollection $jobs, $dispatcher)
        {
        }

        public function run()
        {
            $worker = $this->servers->connect(new \GearmanWorker());
            foreach ($this->jobs->handlers as $handler) {
                $worker->addFunction($handler->listensToJob(), function ($job) use ($handler) {
                    $result = $handler->execute(new Job($job->workload()));
                    $job->sendComplete(is_object($result) || is_array($result) ? serialize($result) : $result);
                });
            }
            while ($worker->work());
        }
    }

    function is_serialized($data)
    {
        return is_string($data) && ($data === "b:0;" || @unserialize($data) !== false);
    }
}
