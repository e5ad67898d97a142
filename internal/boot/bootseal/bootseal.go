// Package bootseal is the part of internal/boot that opens secrets. It has a package of its own since it brings the client of
// KMS, and most functions need none.
package bootseal

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/seal/kmsseal"
)

// Sealer seals under the KMS key KMS_KEY_ID. A local service names a key file instead, SEAL_KEY_FILE.
func Sealer(e *boot.Env) (seal.Sealer, error) {
	if file := e.Get("SEAL_KEY_FILE"); file != "" {
		return seal.NewKeyFile(file)
	}
	key, err := e.Need("KMS_KEY_ID")
	if err != nil {
		return nil, err
	}
	return kmsseal.New(kms.NewFromConfig(e.AWS()), key), nil
}

// LocalOnly refuses variables, given as NAME=value, to a deployed function: what they lead to would be sent what is meant
// for a customer.
func LocalOnly(e *boot.Env, set []string) error {
	if len(set) == 0 || e.Get("SEAL_KEY_FILE") != "" {
		return nil
	}
	name, _, _ := strings.Cut(set[0], "=")
	return fmt.Errorf("the environment variable %s is set, which is for a local service only; a local service has SEAL_KEY_FILE", name)
}
