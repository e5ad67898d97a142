package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/videovector/exports/internal/apikey"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/dynamostore"
)

// keyPlace is where keys are kept.
type keyPlace struct{ table string }

// desk is where keys are made and ended, in one place.
type desk struct {
	apikey.Desk
	account string // whose keys are meant unless another one is named; "" for nobody's
	where   string // for messages
	closing func() error
}

// openDesk opens the records in which keys are kept: the table, or the running local service's. Of those SQLite's file is
// opened beside the service, which is what it is made for: writers of several processes take turns, and nothing is
// remembered by any of them.
func (a *app) openDesk(ctx context.Context, at keyPlace) (*desk, error) {
	if at.table != "" {
		if a.global.localGiven {
			return nil, misuse("give --table or --local, not both")
		}
		cfg, err := awsConfig(ctx)
		if err != nil {
			return nil, err
		}
		keys := dynamostore.New(dynamodb.NewFromConfig(cfg), at.table)
		return &desk{newDesk(keys), "", "table " + at.table + " in " + cfg.Region, func() error { return nil }}, nil
	}
	if _, err := os.Stat(a.global.local); errors.Is(err, os.ErrNotExist) && !a.global.localGiven {
		return nil, misuse("there are no keys here: give --table NAME, or start the local service with \"go run ./cmd/local\" in this folder")
	}
	local, err := openLocal(ctx, a.global.local)
	if err != nil {
		return nil, err
	}
	keys, ok := local.Store.(store.KeyAdmin)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%T administers no keys", local.Store), local.Close())
	}
	return &desk{newDesk(keys), local.AccountID, a.global.local, local.Close}, nil
}

// awsConfig is what the AWS CLI would work with: variables, profile, the machine's role.
func awsConfig(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err == nil && cfg.Region == "" {
		err = misuse("there is no AWS region: set AWS_REGION, or AWS_PROFILE to a profile that has one")
	}
	return cfg, err
}

func newDesk(keys store.KeyAdmin) apikey.Desk { return apikey.Desk{Keys: keys, Clock: time.Now} }

// close adds what closing fails with.
func (d *desk) close(err *error) { *err = errors.Join(*err, d.closing()) }

func (d *desk) accountOr(named string) (string, error) {
	if named == "" && d.account == "" {
		return "", misuse("give --account: a table holds every account's keys")
	}
	if named == "" {
		return d.account, nil
	}
	return named, nil
}

// explain gives a failure of the records its cause: an administrator is helped by what AWS says, where a caller of the API
// is not.
func (d *desk) explain(err error) error {
	f := fault.As(err)
	if cause := errors.Unwrap(f); cause != nil && f.Code != "api_key_unsure" {
		return fault.Wrap(err, f.Kind, f.Code, fmt.Sprintf("%s: %s: %v", d.where, f.Message, cause))
	}
	return err
}
