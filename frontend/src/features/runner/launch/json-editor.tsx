import { closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useEffectEvent, useRef } from 'react'
import type { JSONSchema } from 'vscode-json-languageservice'

import type { Range } from './config-text'

export interface JsonEditorProps {
  label: string
  text: string
  onChange: (text: string) => void
  schema: JSONSchema
  problems: readonly (Range & { message: string })[]
  /** Position to jump to; a new object repeats the jump. */
  place: Range | undefined
}

/** JSON editor with completion and hover from a schema, and inline problems. Tab leaves it like any other field. */
export default function JsonEditor({ label, text, onChange, schema, problems, place }: JsonEditorProps) {
  const parent = useRef<HTMLDivElement>(null)
  const editor = useRef<EditorView>(undefined)
  const language = useRef(new Compartment())
  /** Texts that were reported by `onChange` and have not come back as `text` yet. */
  const reported = useRef<string[]>([])
  const changed = useEffectEvent((typed: string) => {
    reported.current.push(typed)
    onChange(typed)
  })
  const initial = useEffectEvent(() => ({ text, label }))

  useEffect(() => {
    const { text, label } = initial()
    const view = new EditorView({
      parent: parent.current ?? undefined,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          lintGutter(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          json(),
          syntaxHighlighting(COLOURS),
          language.current.of([]),
          placeholder('{ }'),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          EditorView.updateListener.of((update) => {
            const typed = update.docChanged && !update.transactions.some((one) => one.isUserEvent('sync'))
            if (typed) changed(update.state.doc.toString())
          }),
          THEME,
        ],
      }),
    })
    editor.current = view
    return () => {
      view.destroy()
    }
  }, [])

  useEffect(() => {
    const view = editor.current
    // On a slow machine an own text comes back after more was typed. Applying it would undo the later input.
    const known = reported.current.indexOf(text)
    reported.current = known < 0 ? [] : reported.current.slice(known + 1)
    if (view === undefined || known >= 0 || view.state.doc.toString() === text) return
    view.dispatch({ changes: difference(view.state.doc.toString(), text), userEvent: 'sync' })
  }, [text])

  useEffect(() => {
    let current = true
    // Show the text first and load the schema support after it.
    void import('./json-language').then(({ jsonLanguage }) => {
      if (current) editor.current?.dispatch({ effects: language.current.reconfigure(jsonLanguage(schema)) })
    })
    return () => {
      current = false
    }
  }, [schema])

  useEffect(() => {
    const view = editor.current
    if (view === undefined) return
    const end = view.state.doc.length
    const diagnostics = problems.map(({ from, to, message }): Diagnostic => ({
      from: Math.min(from, end),
      to: Math.min(to, end),
      message,
      severity: 'error',
    }))
    view.dispatch(setDiagnostics(view.state, diagnostics))
  }, [problems, text])

  useEffect(() => {
    const view = editor.current
    if (view === undefined || place === undefined) return
    view.dispatch({
      selection: { anchor: place.from, head: place.to },
      effects: EditorView.scrollIntoView(place.from, { y: 'center' }),
    })
    view.focus()
  }, [place])

  return <div ref={parent} className="h-full min-h-0 overflow-hidden" />
}

/** Smallest single change between two texts, which keeps the cursor in place. */
function difference(from: string, to: string) {
  let start = 0
  while (start < Math.min(from.length, to.length) && from[start] === to[start]) start++
  let kept = 0
  const room = Math.min(from.length, to.length) - start
  while (kept < room && from[from.length - 1 - kept] === to[to.length - 1 - kept]) kept++
  return { from: start, to: from.length - kept, insert: to.slice(start, to.length - kept) }
}

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--text)' },
  { tag: tags.string, color: 'var(--accent)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--buy)' },
  { tag: [tags.separator, tags.brace, tags.squareBracket], color: 'var(--faint)' },
])

const THEME = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--ground)', color: 'var(--text)', fontSize: '12px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '18px' },
  '.cm-content': { caretColor: 'var(--accent)', padding: '6px 0' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--faint)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine': { backgroundColor: 'var(--hover)' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--accent-soft)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--hover)',
    outline: '1px solid var(--line-strong)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line-strong)',
    borderRadius: '4px',
    boxShadow: '0 8px 24px var(--shade)',
  },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-mono)', fontSize: '12px', maxHeight: '14em' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--text)' },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent)' },
  '.cm-diagnostic': { padding: '4px 8px', fontFamily: 'var(--font-sans)' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--danger)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--danger)',
    textUnderlineOffset: '3px',
  },
  '.cm-lint-marker-error': {
    content: '""',
    borderRadius: '50%',
    backgroundColor: 'var(--danger)',
    width: '8px',
    height: '8px',
    margin: '5px 0 0 4px',
  },
})
