<?php require __DIR__ . '/lib.php';
/* Servers that do not answer: a host that drops packets, and a server that accepts connections and answers nothing */
head('a server that does not answer, and one that does');
recorded('the host drops packets', 'tries for minutes');
recorded('it accepts connections', 'never returns');
head('a worker of a server that does not answer, and of one that does');
recorded('the host drops packets', 'tries for minutes');
recorded('it accepts connections', 'never returns');
