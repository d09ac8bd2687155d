import {
  clone,
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  type DescService,
  type Message,
} from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'

/** A message whose packed columns are the bytes that they are on the wire. */
export type AsBytes<T extends Message> = { [K in keyof T]: T[K] extends bigint[] | number[] ? Uint8Array : T[K] }

/**
 * The same service, in which the columns of a message are read as bytes: little-endian, fixed width, as sfixed64 is packed.
 *
 * A packed field and a field of bytes are alike on the wire, so the generated schema stays the only one; what is spared is
 * one `bigint` for each value, which costs twenty times what a look at the bytes does.
 */
export function columnsAsBytes<S extends DescService>(service: S, columns: DescMessage): S {
  const files = [...reachable(service.file)].map((file) => clone(FileDescriptorProtoSchema, file.proto))
  const message = files.flatMap(({ messageType }) => messageType).find(({ name }) => name === columns.name)
  for (const field of message?.field ?? []) {
    if (field.label !== FieldDescriptorProto_Label.REPEATED || field.type === FieldDescriptorProto_Type.STRING) continue
    field.label = FieldDescriptorProto_Label.OPTIONAL
    field.type = FieldDescriptorProto_Type.BYTES
    field.typeName = ''
  }
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: files }))
  return registry.getService(service.typeName) as S
}

/** A file and all that it imports, what is imported first. */
function reachable(file: DescFile, seen = new Set<DescFile>()): Set<DescFile> {
  file.dependencies.forEach((dependency) => reachable(dependency, seen))
  return seen.add(file)
}
