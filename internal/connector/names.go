package connector

import (
	"errors"
	"net/netip"
	"strings"
)

// What follows parses what a customer says about where their storage is. Each of these names becomes part of a host, of
// a path or of a request to a cloud, so each has the grammar that its cloud documents, and none can hold more. The
// errors complete the sentence "the field …" and never quote the value.

// regions are AWS's, of the ordinary partition: a closed list, since a region becomes part of a host.
var regions = func() map[string]bool {
	set := map[string]bool{}
	for _, r := range []string{
		"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7",
		"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
		"eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1",
		"us-east-1", "us-east-2", "us-west-1", "us-west-2",
	} {
		set[r] = true
	}
	return set
}()

// CheckRegion refuses what is not an AWS region.
func CheckRegion(s string) error {
	if !regions[s] {
		return errors.New(`must be an AWS region, such as "eu-west-1"`)
	}
	return nil
}

var (
	s3Bucket = pattern(`\A[a-z0-9][a-z0-9.-]*[a-z0-9]\z`)
	// What S3 keeps for itself, access points and directory buckets included.
	s3Reserved = pattern(`\A(?:xn--|sthree-|amzn-s3-demo-)|(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)\z`)

	errS3Bucket = errors.New("must be the name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends")
)

// CheckBucketS3 refuses what can't be the name of a general purpose bucket.
func CheckBucketS3(s string) error {
	bad := len(s) < 3 || len(s) > 63 || !s3Bucket().MatchString(s) || strings.Contains(s, "..") || s3Reserved().MatchString(s)
	if bad || isAddress(s) {
		return errS3Bucket
	}
	return nil
}

var (
	gcsBucket   = pattern(`\A[a-z0-9][a-z0-9_.-]*[a-z0-9]\z`)
	gcsReserved = pattern(`\Agoog|google|g00gle`)

	errGCSBucket = errors.New("must be the name of a Cloud Storage bucket: 3 to 63 lower-case letters, digits, hyphens, underscores and dots, with a letter or digit at both ends")
)

// CheckBucketGCS refuses what can't be the name of a bucket. A name with dots may be longer, but not between them.
func CheckBucketGCS(s string) error {
	bad := len(s) < 3 || len(s) > 222 || !gcsBucket().MatchString(s) || gcsReserved().MatchString(s) || isAddress(s)
	for label := range strings.SplitSeq(s, ".") {
		bad = bad || label == "" || len(label) > 63
	}
	if bad {
		return errGCSBucket
	}
	return nil
}

// isAddress reports whether the text is an IP address in dots, which no bucket may be named.
func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil || fourNumbers().MatchString(s)
}

var fourNumbers = pattern(`\A[0-9]+(?:\.[0-9]+){3}\z`)

var gcpProject = pattern(`\A(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]\z`)

// CheckGCPProjectID refuses what can't be a Google Cloud project's id; those of a domain, example.com:project, included.
func CheckGCPProjectID(s string) error {
	if len(s) > 100 || !gcpProject().MatchString(s) {
		return errors.New("must be a Google Cloud project id: 6 to 30 lower-case letters, digits and hyphens, with a letter first")
	}
	return nil
}

var (
	azureAccount   = pattern(`\A[a-z0-9]{3,24}\z`)
	azureContainer = pattern(`\A[a-z0-9](?:-?[a-z0-9])*\z`)
)

// CheckAzureAccount refuses what can't be a storage account's name.
func CheckAzureAccount(s string) error {
	if !azureAccount().MatchString(s) {
		return errors.New("must be the name of a storage account: 3 to 24 lower-case letters and digits, without a domain")
	}
	return nil
}

// CheckAzureContainer refuses what can't be a container's name. The service's own containers ($root, $web, $logs) are
// refused too: nobody keeps exports there.
func CheckAzureContainer(s string) error {
	if len(s) < 3 || len(s) > 63 || !azureContainer().MatchString(s) {
		return errors.New("must be the name of a container: 3 to 63 lower-case letters, digits and single hyphens, with a letter or digit at both ends")
	}
	return nil
}

var (
	uuid   = pattern(`\A[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\z`)
	domain = pattern(`\A(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.)+[A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])\z`)
)

// CheckTenantID refuses what is neither a UUID nor a domain name: a tenant may be named by either.
func CheckTenantID(s string) error {
	if !uuid().MatchString(s) && (len(s) > 253 || !domain().MatchString(s)) {
		return errors.New(`must be a tenant's UUID, or a domain of it such as "contoso.onmicrosoft.com"`)
	}
	return nil
}

// CheckClientID refuses what is not an application's UUID.
func CheckClientID(s string) error {
	if !uuid().MatchString(s) {
		return errors.New("must be the application's (client) id, a UUID")
	}
	return nil
}

var (
	roleARN    = pattern(`\Aarn:aws:iam::[0-9]{12}:role/(?:[!-.0-~]+/)*[\w+=,.@-]{1,64}\z`)
	externalID = pattern(`\A[\w+=,.@:/-]+\z`)
)

// CheckRoleARN refuses what is not the ARN of a role of the ordinary partition.
func CheckRoleARN(s string) error {
	if len(s) > 600 || !roleARN().MatchString(s) { // a path has at most 512 characters
		return errors.New(`must be a role's ARN: "arn:aws:iam::", twelve digits, ":role/", and the role's path and name`)
	}
	return nil
}

// CheckExternalID refuses what STS wouldn't take for an external id.
func CheckExternalID(s string) error {
	if len(s) < 2 || len(s) > 1224 || !externalID().MatchString(s) {
		return errors.New("must be 2 to 1,224 letters, digits and characters of _+=,.@:/-")
	}
	return nil
}
