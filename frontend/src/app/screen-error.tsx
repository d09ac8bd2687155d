import { type ErrorComponentProps, SearchParamError } from '@tanstack/react-router'

import { ButtonLink } from '@/ui/button'
import { ErrorState } from '@/ui/error-state'
import { Screen } from '@/ui/screen'

/** Stands where a screen failed: the rest of the page goes on. */
export function ScreenError({ error, reset }: ErrorComponentProps) {
  if (error instanceof SearchParamError) {
    return (
      <Screen title="This link does not fit">
        <ErrorState
          problem={{
            message: unfitParts(error.message),
            advice: 'Part of the address after the question mark is not what this screen knows.',
          }}
        />
        <div className="px-11">
          <ButtonLink to="." search={{}}>
            Open it without
          </ButtonLink>
        </div>
      </Screen>
    )
  }
  return (
    <Screen title="This screen failed">
      <ErrorState
        problem={{
          message: String(error instanceof Error ? error.message : error),
          advice: 'The page was perhaps built anew meanwhile: load it again.',
        }}
        onRetry={reset}
      />
    </Screen>
  )
}

interface SearchIssue {
  path?: { key: unknown }[]
  expected: string | null
  received: string
}

/** What does not fit in an address, one part a sentence, from the issues that the router gives as JSON. */
export function unfitParts(message: string): string {
  let issues: SearchIssue[]
  try {
    issues = JSON.parse(message) as SearchIssue[]
  } catch {
    return message
  }
  const parts = issues.map(({ path, expected, received }) => {
    const key = path?.map((step) => String(step.key)).join('.') ?? 'the address'
    if (expected === 'never') return `${key} is no setting of this screen.`
    return `${key} is ${received}; it must be ${expected ?? 'another'}.`
  })
  return parts.join(' ')
}

/** Stands where an address leads nowhere. */
export function NotFound() {
  return (
    <Screen title="Nothing here">
      <ErrorState problem={{ message: `No screen has the address ${window.location.pathname}.` }} />
      <div className="px-11">
        <ButtonLink to="/runs">Go to the runs</ButtonLink>
      </div>
    </Screen>
  )
}
