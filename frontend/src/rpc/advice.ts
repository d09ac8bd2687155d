import type { Reason } from './reason'

/** What to do about an error, for each reason that leaves something to do. */
export const ADVICE: Partial<Record<Reason, string>> = {
  CONFIG_INVALID: 'Mend the fields above and try again.',
  DATA_REFUSED: 'Mend or replace the raw file, or move the window off it.',
  ENVIRONMENT_MISMATCH: "Start the services with the config's environment, or leave the key out of the config.",
  STORE_NOT_WRITABLE: 'Let the service write to the folder, or name another one in its environment.',
  STORE_FULL: 'Make room on the disk that the message names, and run it again.',
  STORE_NOT_READABLE: 'Let the service read the folder, and see whether its disk is there.',
  STORE_CORRUPT: 'Move the file that the message names out of its folder, and start the service again.',
  NOT_FOUND: 'It may have been deleted, or the link is of another installation.',
  INTERRUPTED: 'Run it again; if it ends the same way, the log of the service says more.',
  WORKER_DIED: 'The log below has the last that was heard of it. Run it again.',
  REPLAY_FAILED: 'The log below has the error of the strategy or of the engine.',
  OUT_OF_MEMORY: 'Run a shorter window, fewer runs at once, or give the service more memory.',
  ENGINE_ABORTED: 'The log below has the last words of the engine.',
  WORKER_HUNG:
    'The log below has the last that was heard of it. A strategy that waits for something is a common cause.',
  SERVICE_UNAVAILABLE: 'See whether all services are up: tickreel up names the one that died.',
  DATA_CHANGED:
    'A file that the run read or wrote is no longer what it was. Do what the message says, or run it again.',
  INTERNAL: "The service's log has the traceback.",
}
