// SPDX-License-Identifier: Apache-2.0
// eddy: an event-driven architecture in one program. This file is the table of contents.
//
//   cli/      what is typed: `eddy serve`, `eddy topic`, ... one file per subcommand, cli/commands.c lists them
//   app/      what a running eddy consists of: the table of options, the registry of doors, start and stop order
//   console/  the console door: /metrics, /healthz, /readyz
//   observe/  the page of metrics: counters of every room, figures of every partition
//   kafka/    the Kafka door
//   nats/     the NATS door
//   auth/     who may come in
//   engine/   records, groups and tables as eventing sees them
//   http/     HTTP/1.1
//   store/    the durable log
//   io/       loops, sockets, files, time; and its deterministic twin
//   base/     bytes, errors, memory, formats
#include "base/bytes.h"
#include "cli/cli.h"
#include "io/random.h"
#include "io/system.h"

int main(int count, char **arguments)
{
    system_streams_open();
    bytes_hash_seed(random_u64()); // before the first map: configurations hold some
    return (int)cli_main(count, (const char *const *)arguments);
}
