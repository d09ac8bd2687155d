import { toJson } from '@bufbuild/protobuf'

import { CreateRunRequestSchema, RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { isoInstant } from '@/ui/format/instant'

import { toText } from './config-text'

import { type Choice, toRequest } from './run-request'

/** Address of the gateway: the origin of the page. */
export type Gateway = Pick<URL, 'host' | 'port' | 'protocol'>

/**
 * Write the `tickreel run` command for a choice. An edited config is passed through standard input.
 *
 * @param path - Path of the config file, for an unedited config.
 */
export function tickreelCommand(choice: Choice, path: string, gateway: Gateway): string {
  const { source, snapshotMode, full, exportTicks, dataset, instrument, start, end } = choice
  const flags = [
    `tickreel run --config ${'configId' in source ? quoted(path) : '-'}`,
    snapshotMode && `--snapshot_mode ${snapshotMode}`,
    instrument && `--instrument ${quoted(instrument)}`,
    dataset && `--dataset ${quoted(dataset)}`,
    start !== undefined && `--start ${isoInstant(start)}`,
    end !== undefined && `--end ${isoInstant(end)}`,
    full && '--full true',
    exportTicks && !full && '--export_ticks true',
    `--address ${address(gateway)}`,
  ]
  const command = flags.filter(Boolean).join(' \\\n  ')
  return 'configId' in source ? command : `${command} << 'CONFIG'\n${toText(source.document)}CONFIG`
}

/** Write the `grpcurl` command that requests the run of a choice from the gateway. */
export function grpcurlCommand(choice: Choice, gateway: Gateway): string {
  const request = toJson(CreateRunRequestSchema, toRequest(choice), { useProtoFieldName: true })
  const plaintext = gateway.protocol === 'https:' ? '' : '-plaintext '
  const method = `${RunnerService.typeName}/${RunnerService.method.createRun.name}`
  return `grpcurl ${plaintext}-d @ ${address(gateway)} ${method} << 'REQUEST'\n${JSON.stringify(request, null, 2)}\nREQUEST`
}

function address({ host, port, protocol }: Gateway): string {
  return port === '' ? `${host}:${protocol === 'https:' ? 443 : 80}` : host
}

/** Quote a word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
