{{ config(materialized='view') }}

{{ linkage_groups() }}
