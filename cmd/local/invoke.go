package main

import (
	"context"
	"errors"
	"io"
)

func runInvoke(context.Context, []string, io.Writer, io.Writer) error { return errors.New("x") }
