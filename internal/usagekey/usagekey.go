// Package usagekey names the keys of API Gateway's under which a usage plan counts an account's requests. They open nothing:
// the gateway takes them from the authorizer alone, never from a caller. So one for each account is enough, and it follows
// from the account: whoever provisions it and the authorizer need no list of them.
package usagekey

import (
	"crypto/sha256"
	"encoding/hex"
)

// Of is the value of the account's key: of the 20 to 128 characters that API Gateway takes, for an account of any length.
func Of(account string) string {
	sum := sha256.Sum256([]byte("videovector exports: usage of account " + account))
	return "account-" + hex.EncodeToString(sum[:])
}
