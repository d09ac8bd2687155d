import type { Reason } from './reason'

/** Next step for the user, for each error reason that has one. */
export const ADVICE: Partial<Record<Reason, string>> = {
  CONFIG_INVALID: 'Fix the fields above and try again.',
  DATA_REFUSED: 'Repair or replace the raw file, or choose a window without it.',
  ENVIRONMENT_MISMATCH: "Start the services with the config's environment, or remove the key from the config.",
  STORE_NOT_WRITABLE: 'Give the service write access to the folder, or set another folder in its environment.',
  STORE_FULL: 'Free space on the disk named in the message and run it again.',
  STORE_NOT_READABLE: 'Give the service read access to the folder, and check that its disk is mounted.',
  STORE_CORRUPT: 'Move the file named in the message out of its folder and restart the service.',
  NOT_FOUND: 'It may have been deleted, or the link belongs to another installation.',
  INTERRUPTED: 'Run it again. If it ends the same way, check the log of the service.',
  WORKER_DIED: 'The log below has its last output. Run it again.',
  REPLAY_FAILED: 'The log below has the error of the strategy or of the engine.',
  OUT_OF_MEMORY: 'Choose a shorter window, run fewer at once, or give the service more memory.',
  ENGINE_ABORTED: 'The log below has the last output of the engine.',
  WORKER_HUNG: 'The log below has its last output. A common cause is a strategy that blocks.',
  SERVICE_UNAVAILABLE: 'Check that all services are running. tickreel up names the one that died.',
  DATA_CHANGED: 'A file that the run read or wrote has changed. Follow the message, or run it again.',
  INTERNAL: 'The log of the service has the traceback.',
}
