package fault

// StepError is how Step Functions sees a failure: the error name that Retry and Catch match, and whether the shipped
// state machine retries it.
type StepError struct {
	Name      string
	Retryable bool
}

// stepErrors is the edge table of the state machine. Every name stands in a Retry or Catch of
// statemachine/export.asl.json or falls to its States.ALL; a test holds the two against each other.
var stepErrors = map[Kind]StepError{
	Internal:         {"Export.Internal", true},
	Throttled:        {"Export.Throttled", true},
	Unavailable:      {"Export.Unavailable", true},
	Superseded:       {"Export.Superseded", false},
	Irregular:        {"Export.Irregular", false},
	Malformed:        {"Export.Permanent", false},
	TooLarge:         {"Export.Permanent", false},
	Unauthenticated:  {"Export.Permanent", false},
	Forbidden:        {"Export.Permanent", false},
	NotFound:         {"Export.Permanent", false},
	MethodNotAllowed: {"Export.Permanent", false},
	Conflict:         {"Export.Permanent", false},
	Invalid:          {"Export.Permanent", false},
}

// Step is the error that the state machine sees for the failure's kind.
func (e *Error) Step() StepError { return stepErrors[e.Kind] }

// StepErrors lists the distinct step errors of the table, in no order.
func StepErrors() []StepError {
	seen := map[StepError]bool{}
	var all []StepError
	for _, s := range stepErrors {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}
