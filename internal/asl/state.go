package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

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

	Resource       string  `json:"Resource"`
	TimeoutSeconds float64 `json:"TimeoutSeconds"`

	Result json.RawMessage `json:"Result"`

	Choices []rule `json:"Choices"`
	Default string `json:"Default"`

	Seconds       *float64 `json:"Seconds"`
	SecondsPath   *path    `json:"SecondsPath"`
	Timestamp     string   `json:"Timestamp"`
	TimestampPath *path    `json:"TimestampPath"`

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

func (s *state) check(f *flow) error {
	allowed, ok := fields[s.Type]
	if !ok {
		return fmt.Errorf("type %q is not implemented", s.Type)
	}
	if err := s.checkFields(allowed); err != nil {
		return err
	}
	if s.QueryLanguage != "" && s.QueryLanguage != "JSONPath" {
		return fmt.Errorf("QueryLanguage %q is not implemented", s.QueryLanguage)
	}
	if slices.Contains(allowed, "Next") && (s.Next == "") == !s.End {
		return errors.New("needs either Next or End")
	}
	for _, target := range s.targets() {
		if f.States[target] == nil {
			return fmt.Errorf("%q is no state to go to", target)
		}
	}
	return errors.Join(s.checkType(), checkHandlers(s.Retry, s.Catch))
}

func (s *state) checkFields(allowed []string) error {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name == "name" || slices.Contains([]string{"Type", "Comment", "QueryLanguage"}, name) || slices.Contains(allowed, name) {
			continue
		}
		if !v.Field(i).IsZero() {
			return fmt.Errorf("a %s state has no field %s", s.Type, name)
		}
	}
	return nil
}

// checkType is what a type asks for beyond its fields.
func (s *state) checkType() error {
	switch s.Type {
	case "Task":
		return s.checkTask()
	case "Choice":
		return s.checkChoice()
	case "Map":
		return s.checkMap()
	case "Parallel":
		return s.checkParallel()
	case "Wait":
		return s.checkWait()
	case "Fail":
		if (s.Error != "" && s.ErrorPath != nil) || (s.Cause != "" && s.CausePath != nil) {
			return errors.New("has both a value and a path for Error or Cause")
		}
	}
	return nil
}

func (s *state) checkTask() error {
	if s.Resource != lambdaInvoke && !strings.HasPrefix(s.Resource, "arn:aws:lambda:") {
		return fmt.Errorf("the resource %q is not implemented", s.Resource)
	}
	if s.Resource == lambdaInvoke && s.Parameters == nil {
		return errors.New("needs Parameters with a FunctionName")
	}
	if s.TimeoutSeconds < 0 {
		return errors.New("TimeoutSeconds is negative")
	}
	return nil
}

func (s *state) checkChoice() error {
	if len(s.Choices) == 0 {
		return errors.New("has no Choices")
	}
	for i := range s.Choices {
		if err := s.Choices[i].check(true); err != nil {
			return fmt.Errorf("choice %d: %w", i, err)
		}
	}
	return nil
}

func (s *state) checkMap() error {
	if s.ItemProcessor == nil {
		return errors.New("has no ItemProcessor")
	}
	c := s.ItemProcessor.ProcessorConfig
	if c != nil && c.Mode != "" && c.Mode != "INLINE" && c.Mode != "DISTRIBUTED" {
		return fmt.Errorf("the mode %q is not implemented", c.Mode)
	}
	if c != nil && c.ExecutionType != "" && c.ExecutionType != "EXPRESS" && c.ExecutionType != "STANDARD" {
		return fmt.Errorf("the execution type %q does not exist", c.ExecutionType)
	}
	if !s.distributed() && (s.ItemReader != nil || s.ResultWriter != nil || s.ToleratedFailureCount != 0 || s.ToleratedFailurePercentage != 0 || s.Label != "") {
		return errors.New("has fields that only a DISTRIBUTED map has")
	}
	if err := errors.Join(s.ItemReader.check(s3Get, true), s.ResultWriter.check(s3Put, false)); err != nil {
		return err
	}
	return s.ItemProcessor.check("ItemProcessor")
}

func (a *s3Access) check(resource string, reads bool) error {
	if a == nil {
		return nil
	}
	if a.Resource != resource || a.Parameters == nil {
		return fmt.Errorf("reading or writing items by %q is not implemented", a.Resource)
	}
	if (a.ReaderConfig != nil) != reads || (reads && a.ReaderConfig.InputType != "JSON") {
		return errors.New("items are read with a ReaderConfig of InputType JSON only")
	}
	return nil
}

func (s *state) distributed() bool {
	c := s.ItemProcessor.ProcessorConfig
	return c != nil && c.Mode == "DISTRIBUTED"
}

func (s *state) checkParallel() error {
	if len(s.Branches) == 0 {
		return errors.New("has no Branches")
	}
	for i, b := range s.Branches {
		if b.ProcessorConfig != nil {
			return errors.New("a branch has no ProcessorConfig")
		}
		if err := b.check(fmt.Sprintf("branch %d", i)); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) checkWait() error {
	n := 0
	for _, set := range []bool{s.Seconds != nil, s.SecondsPath != nil, s.Timestamp != "", s.TimestampPath != nil} {
		if set {
			n++
		}
	}
	if n != 1 {
		return errors.New("needs one of Seconds, SecondsPath, Timestamp and TimestampPath")
	}
	return nil
}

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
