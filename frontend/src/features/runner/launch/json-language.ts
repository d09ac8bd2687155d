import {
  autocompletion,
  type Completion,
  type CompletionResult,
  insertCompletionText,
  snippet,
} from '@codemirror/autocomplete'
import type { Extension, Text } from '@codemirror/state'
import { hoverTooltip } from '@codemirror/view'
import {
  type ASTNode,
  ClientCapabilities,
  type CompletionItem,
  CompletionItemKind,
  getLanguageService,
  InsertTextFormat,
  type JSONDocument,
  type JSONSchema,
  type LanguageService,
  TextDocument,
} from 'vscode-json-languageservice'

/** Completion and hover from a JSON Schema, by VS Code's language service, as a CodeMirror extension. */
export function jsonLanguage(schema: JSONSchema): Extension {
  const service = getLanguageService({
    clientCapabilities: ClientCapabilities.LATEST,
    // Any `$schema` of a config resolves to this one, so that nothing is fetched.
    schemaRequestService: () => Promise.resolve(JSON.stringify(schema)),
  })
  service.configure({ schemas: [{ uri: 'schema://run-config', fileMatch: ['*'], schema }] })
  return [
    autocompletion({
      override: [({ state, pos, explicit }) => complete(service, state.doc, pos, explicit)],
      icons: false,
    }),
    hoverTooltip(async ({ state }, pos) => {
      const found = await describe(service, state.doc, pos)
      if (found === undefined) return null
      return { pos: found.from, end: found.to, above: true, create: () => ({ dom: paragraph(found.description) }) }
    }),
  ]
}

async function complete(
  service: LanguageService,
  doc: Text,
  pos: number,
  explicit: boolean,
): Promise<CompletionResult | null> {
  if (!explicit && !/[\w"]$/.test(doc.sliceString(Math.max(pos - 1, 0), pos))) return null
  const { document, json } = read(service, doc)
  const list = await service.doComplete(document, document.positionAt(pos), json)
  const items = list?.items.filter((item) => item.textEdit !== undefined) ?? []
  if (items.length === 0) return null
  const starts = items.map((item) => document.offsetAt(rangeOf(item).start))
  return {
    from: Math.min(...starts),
    options: items.map((item) => toCompletion(item, document, pos)),
    validFor: /^"?\w*$/,
  }
}

/** Convert a completion that was requested at `pos`. */
function toCompletion(item: CompletionItem, document: TextDocument, pos: number): Completion {
  const range = rangeOf(item)
  const from = document.offsetAt(range.start)
  // The text behind the cursor to replace, such as a closing quote. It moves along while the user types on.
  const behind = Math.max(document.offsetAt(range.end) - pos, 0)
  const text = item.textEdit?.newText ?? item.label
  const documentation = typeof item.documentation === 'string' ? item.documentation : item.documentation?.value
  return {
    // The typed text may start with the quote of a key.
    label: item.filterText ?? item.label,
    displayLabel: item.label,
    type: item.kind === CompletionItemKind.Property ? 'property' : 'constant',
    ...(documentation === undefined || documentation === '' ? {} : { info: () => paragraph(documentation) }),
    apply: (view, completion, _, end) => {
      const to = end + behind
      if (item.insertTextFormat === InsertTextFormat.Snippet) {
        // CodeMirror writes placeholders with braces.
        snippet(text.replaceAll(/\$(\d+)/g, '${$1}'))(view, completion, from, to)
      } else {
        view.dispatch(insertCompletionText(view.state, text, from, to))
      }
    },
  }
}

async function describe(service: LanguageService, doc: Text, pos: number) {
  const { document, json } = read(service, doc)
  const node = json.getNodeFromOffset(pos)
  // On a key, describe its value.
  const property = node?.parent?.type === 'property' && node.parent.keyNode === node ? node.parent : undefined
  const meant: ASTNode | undefined = property === undefined ? node : property.valueNode
  if (node === undefined || meant === undefined) return undefined
  const matches = await service.getMatchingSchemas(document, json)
  const description = matches.find((match) => match.node === meant)?.schema.description
  return description === undefined ? undefined : { from: node.offset, to: node.offset + node.length, description }
}

function read(service: LanguageService, doc: Text): { document: TextDocument; json: JSONDocument } {
  const document = TextDocument.create('config.json', 'json', 1, doc.toString())
  return { document, json: service.parseJSONDocument(document) }
}

function rangeOf({ textEdit }: CompletionItem) {
  if (textEdit === undefined) throw new Error('completion item without a text edit')
  return 'range' in textEdit ? textEdit.range : textEdit.insert
}

function paragraph(text: string): HTMLElement {
  const dom = document.createElement('p')
  dom.className = 'max-w-90 px-2 py-1 font-sans text-xs whitespace-pre-wrap'
  dom.textContent = text
  return dom
}
