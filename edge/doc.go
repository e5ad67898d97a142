// Package edge holds what stands in front of the API at CloudFront: code/ is the function of the download route, and
// template.yaml deploys it where Lambda@Edge has its functions. The package has no Go code of its own; its tests run the
// function in Node.js, behind a CloudFront of theirs, over the real API and a real S3.
package edge
