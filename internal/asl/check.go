package asl

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
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
	if s.ResultPath.path != nil && s.ResultPath.path.context {
		return errors.New("ResultPath points into the context object")
	}
	if err := errors.Join(s.checkType(), checkHandlers(s.Retry, s.Catch)); err != nil {
		return err
	}
	for _, target := range s.targets() {
		if f.States[target] == nil {
			return fmt.Errorf("%q is no state to go to", target)
		}
	}
	return nil
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
	if s.Resource == lambdaInvoke {
		if err := s.Parameters.checkNames([]string{"FunctionName"}, "Payload"); err != nil {
			return err
		}
	}
	return checkSeconds("TimeoutSeconds", s.TimeoutSeconds, 1)
}

// maxSeconds is the longest time that the states language takes.
const maxSeconds = 99_999_999

func checkSeconds(field string, n *int, least int) error {
	if n != nil && (*n < least || *n > maxSeconds) {
		return fmt.Errorf("%s is not between %d and %d", field, least, maxSeconds)
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
	if s.ItemReader != nil && s.ItemsPath != nil {
		return errors.New("has both an ItemReader and an ItemsPath")
	}
	if err := errors.Join(s.checkMapNumbers(), s.ItemReader.check("ItemReader"), s.ResultWriter.check("ResultWriter")); err != nil {
		return err
	}
	return s.ItemProcessor.checkInner("ItemProcessor")
}

func (s *state) checkMapNumbers() error {
	switch {
	case s.MaxConcurrency < 0:
		return errors.New("MaxConcurrency is negative")
	case s.ToleratedFailureCount < 0:
		return errors.New("ToleratedFailureCount is negative")
	case s.ToleratedFailurePercentage < 0 || s.ToleratedFailurePercentage > 100:
		return errors.New("ToleratedFailurePercentage is not between 0 and 100")
	}
	return nil
}

// check checks an ItemReader or a ResultWriter, as field says.
func (a *s3Access) check(field string) error {
	if a == nil {
		return nil
	}
	reads := field == "ItemReader"
	resource, place := s3Put, "Prefix"
	if reads {
		resource, place = s3Get, "Key"
	}
	if a.Resource != resource {
		return fmt.Errorf("%s: the resource %q is not implemented", field, a.Resource)
	}
	if (a.ReaderConfig != nil) != reads || (reads && (a.ReaderConfig.InputType != "JSON" || a.ReaderConfig.MaxItems < 0)) {
		return fmt.Errorf("%s: items are read with a ReaderConfig of InputType JSON only", field)
	}
	if err := a.Parameters.checkNames([]string{"Bucket", place}); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	return nil
}

func (s *state) checkParallel() error {
	if len(s.Branches) == 0 {
		return errors.New("has no Branches")
	}
	for i, b := range s.Branches {
		if b.ProcessorConfig != nil {
			return errors.New("a branch has no ProcessorConfig")
		}
		if err := b.checkInner(fmt.Sprintf("branch %d", i)); err != nil {
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
	if _, err := timestamp(s.Timestamp); s.Timestamp != "" && err != nil {
		return fmt.Errorf("Timestamp %q is not one", s.Timestamp)
	}
	return checkSeconds("Seconds", s.Seconds, 0)
}
