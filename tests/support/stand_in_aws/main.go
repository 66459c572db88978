// A stand-in for hashicorp/aws, for tests: a few of its types under their names and attributes, with a folder of JSON
// files in place of a cloud. It lets real Terraform and OpenTofu make real plans of `aws_*` resources without a
// network. It knows no defaults, checks no values, and must never be taken for the real provider.
//
// STAND_IN_AWS names the folder; editing or removing a file there is drift.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/plugin"
)

type attributes = map[string]*schema.Schema

func optional(kind schema.ValueType) *schema.Schema {
	return &schema.Schema{Type: kind, Optional: true}
}

func required(kind schema.ValueType) *schema.Schema {
	return &schema.Schema{Type: kind, Required: true}
}

// A new value of it needs a new resource.
func fixed(of *schema.Schema) *schema.Schema {
	of.ForceNew = true
	return of
}

func computed() *schema.Schema { return &schema.Schema{Type: schema.TypeString, Computed: true} }

func tags() *schema.Schema {
	return &schema.Schema{Type: schema.TypeMap, Optional: true, Elem: &schema.Schema{Type: schema.TypeString}}
}

func block(of attributes) *schema.Schema {
	return &schema.Schema{Type: schema.TypeList, Optional: true, MaxItems: 1, Elem: &schema.Resource{Schema: of}}
}

var types = map[string]attributes{
	"aws_instance": {
		"ami":               fixed(required(schema.TypeString)),
		"instance_type":     required(schema.TypeString),
		"availability_zone": fixed(optional(schema.TypeString)),
		"tenancy":           fixed(optional(schema.TypeString)),
		"ebs_optimized":     optional(schema.TypeBool),
		"monitoring":        optional(schema.TypeBool),
		"root_block_device": block(attributes{
			"volume_size": optional(schema.TypeInt),
			"volume_type": optional(schema.TypeString),
		}),
		"tags":       tags(),
		"arn":        computed(),
		"private_ip": computed(),
	},
	"aws_ebs_volume": {
		"availability_zone": fixed(required(schema.TypeString)),
		"size":              optional(schema.TypeInt),
		"type":              optional(schema.TypeString),
		"iops":              optional(schema.TypeInt),
		"tags":              tags(),
		"arn":               computed(),
	},
	"aws_db_instance": {
		"engine":            fixed(required(schema.TypeString)),
		"instance_class":    required(schema.TypeString),
		"allocated_storage": optional(schema.TypeInt),
		"storage_type":      optional(schema.TypeString),
		"multi_az":          optional(schema.TypeBool),
		"username":          fixed(optional(schema.TypeString)),
		"password":          {Type: schema.TypeString, Optional: true, Sensitive: true},
		"tags":              tags(),
		"arn":               computed(),
		"endpoint":          computed(),
	},
	"aws_nat_gateway": {
		"subnet_id":         fixed(required(schema.TypeString)),
		"connectivity_type": fixed(optional(schema.TypeString)),
		"tags":              tags(),
	},
	"aws_sqs_queue": {
		"name":       fixed(optional(schema.TypeString)),
		"fifo_queue": fixed(optional(schema.TypeBool)),
		"tags":       tags(),
		"arn":        computed(),
	},
}

func file(d *schema.ResourceData) string {
	return filepath.Join(os.Getenv("STAND_IN_AWS"), d.Id()+".json")
}

func resource(kind string, schemas attributes) *schema.Resource {
	write := func(d *schema.ResourceData) diag.Diagnostics {
		kept := map[string]any{}
		for name, one := range schemas {
			if one.Computed {
				if err := d.Set(name, name+" of "+d.Id()); err != nil {
					return diag.FromErr(err)
				}
			}
			if value, set := d.GetOk(name); set {
				kept[name] = value
			}
		}
		text, err := json.Marshal(kept)
		if err == nil {
			err = os.WriteFile(file(d), text, 0o600)
		}
		return diag.FromErr(err)
	}
	return &schema.Resource{
		Schema: schemas,
		CreateContext: func(_ context.Context, d *schema.ResourceData, _ any) diag.Diagnostics {
			number := make([]byte, 8)
			if _, err := rand.Read(number); err != nil {
				return diag.FromErr(err)
			}
			d.SetId(kind + "-" + hex.EncodeToString(number))
			return write(d)
		},
		ReadContext: func(_ context.Context, d *schema.ResourceData, _ any) diag.Diagnostics {
			text, err := os.ReadFile(file(d))
			if errors.Is(err, fs.ErrNotExist) {
				d.SetId("")
				return nil
			}
			kept := map[string]any{}
			if err == nil {
				err = json.Unmarshal(text, &kept)
			}
			for name := range schemas {
				if err == nil {
					err = d.Set(name, kept[name])
				}
			}
			return diag.FromErr(err)
		},
		UpdateContext: func(_ context.Context, d *schema.ResourceData, _ any) diag.Diagnostics {
			return write(d)
		},
		DeleteContext: func(_ context.Context, d *schema.ResourceData, _ any) diag.Diagnostics {
			return diag.FromErr(os.Remove(file(d)))
		},
	}
}

func main() {
	resources := map[string]*schema.Resource{}
	for kind, schemas := range types {
		resources[kind] = resource(kind, schemas)
	}
	provider := &schema.Provider{
		Schema:       attributes{"region": optional(schema.TypeString)},
		ResourcesMap: resources,
	}
	plugin.Serve(&plugin.ServeOpts{ProviderFunc: func() *schema.Provider { return provider }})
}
