package asl

import "encoding/json"

// state is one state of any type; check makes sure that only the fields of its type are there.
type state struct {
	name string

	Type          string `json:"Type"`
	Comment       string `json:"Comment"`
	QueryLanguage string `json:"QueryLanguage"`
	Next          string `json:"Next"`
	End           bool   `json:"End"`

	InputPath      optional  `json:"InputPath"`
	OutputPath     optional  `json:"OutputPath"`
	ResultPath     optional  `json:"ResultPath"`
	Parameters     *template `json:"Parameters"`
	ResultSelector *template `json:"ResultSelector"`
	Retry          []retrier `json:"Retry"`
	Catch          []catcher `json:"Catch"`

	Resource       string `json:"Resource"`
	TimeoutSeconds *int   `json:"TimeoutSeconds"`

	Result json.RawMessage `json:"Result"`

	Choices []rule `json:"Choices"`
	Default string `json:"Default"`

	Seconds       *int   `json:"Seconds"`
	SecondsPath   *path  `json:"SecondsPath"`
	Timestamp     string `json:"Timestamp"`
	TimestampPath *path  `json:"TimestampPath"`

	Error     string `json:"Error"`
	Cause     string `json:"Cause"`
	ErrorPath *path  `json:"ErrorPath"`
	CausePath *path  `json:"CausePath"`

	ItemProcessor *flow     `json:"ItemProcessor"`
	ItemsPath     *path     `json:"ItemsPath"`
	ItemSelector  *template `json:"ItemSelector"`
	ItemReader    *s3Access `json:"ItemReader"`
	ResultWriter  *s3Access `json:"ResultWriter"`

	MaxConcurrency             int     `json:"MaxConcurrency"`
	ToleratedFailureCount      int     `json:"ToleratedFailureCount"`
	ToleratedFailurePercentage float64 `json:"ToleratedFailurePercentage"`
	Label                      string  `json:"Label"`

	Branches []*flow `json:"Branches"`
}

// s3Access is an ItemReader or a ResultWriter.
type s3Access struct {
	Resource     string        `json:"Resource"`
	ReaderConfig *readerConfig `json:"ReaderConfig"`
	Parameters   *template     `json:"Parameters"`
}

type readerConfig struct {
	InputType string `json:"InputType"`
	MaxItems  int    `json:"MaxItems"`
}

// fields are the fields that a state of each type may have, besides Type, Comment and QueryLanguage.
var fields = map[string][]string{
	"Task": {"Next", "End", "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Retry", "Catch", "Resource", "TimeoutSeconds"},
	"Map": {"Next", "End", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "Retry", "Catch", "ItemProcessor", "ItemsPath", "ItemSelector",
		"ItemReader", "ResultWriter", "MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage", "Label"},
	"Parallel": {"Next", "End", "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Retry", "Catch", "Branches"},
	"Pass":     {"Next", "End", "InputPath", "OutputPath", "ResultPath", "Parameters", "Result"},
	"Choice":   {"InputPath", "OutputPath", "Choices", "Default"},
	"Wait":     {"Next", "End", "InputPath", "OutputPath", "Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
	"Succeed":  {"InputPath", "OutputPath"},
	"Fail":     {"Error", "Cause", "ErrorPath", "CausePath"},
}

const (
	lambdaInvoke = "arn:aws:states:::lambda:invoke"
	s3Get        = "arn:aws:states:::s3:getObject"
	s3Put        = "arn:aws:states:::s3:putObject"
)

// targets are the states that s can go to.
func (s *state) targets() []string {
	var all []string
	if s.Next != "" {
		all = append(all, s.Next)
	}
	if s.Default != "" {
		all = append(all, s.Default)
	}
	for _, c := range s.Choices {
		all = append(all, c.Next)
	}
	for _, c := range s.Catch {
		all = append(all, c.Next)
	}
	return all
}

func (s *state) distributed() bool { return s.ItemProcessor.distributed() }

// distributed reports whether the flow is that of a distributed map, whose children are executions of their own.
func (f *flow) distributed() bool {
	return f.ProcessorConfig != nil && f.ProcessorConfig.Mode == "DISTRIBUTED"
}
