/** Capabilities of WMTS 1.0.0 (OGC 07-057r7), RESTful: layers over tile URLs. Pure. */
import type { Bbox } from '../geojson.js';
import { crsName, crsUrn, scaleSetOf, tileMatrixSetDocument } from './matrix-documents.js';
import type { TileMatrixSetId } from './matrices.js';
import type { TileLimits } from './tile-limits.js';

export interface WmtsLayer {
  readonly identifier: string;
  readonly title: string;
  readonly bounds: Bbox;
  readonly tms: TileMatrixSetId;
  readonly limits: readonly TileLimits[];
  /** With {TileMatrix}, {TileCol} and {TileRow}. */
  readonly template: string;
}

export interface WmtsOptions {
  readonly title: string;
  /** Of this document. */
  readonly url: string;
  readonly site: string;
  /** The media type of the tiles. */
  readonly format: string;
  /** Writes `EPSG:3857` in place of the URN, for ArcMap. */
  readonly useEpsg: boolean;
  readonly layers: readonly WmtsLayer[];
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const limitsXml = ({ tileMatrix, minTileRow, maxTileRow, minTileCol, maxTileCol }: TileLimits): string =>
  `<TileMatrixLimits><TileMatrix>${tileMatrix}</TileMatrix><MinTileRow>${minTileRow}</MinTileRow><MaxTileRow>${maxTileRow}</MaxTileRow><MinTileCol>${minTileCol}</MinTileCol><MaxTileCol>${maxTileCol}</MaxTileCol></TileMatrixLimits>`;

/** The order of the members is the schema's (wmtsGetCapabilities_response.xsd). */
const layerXml = ({ identifier, title, bounds: [west, south, east, north], tms, limits, template }: WmtsLayer, format: string): string => `
    <Layer>
      <ows:Title>${xml(title)}</ows:Title>
      <ows:WGS84BoundingBox crs="urn:ogc:def:crs:OGC:2:84">
        <ows:LowerCorner>${west} ${south}</ows:LowerCorner>
        <ows:UpperCorner>${east} ${north}</ows:UpperCorner>
      </ows:WGS84BoundingBox>
      <ows:Identifier>${xml(identifier)}</ows:Identifier>
      <Style isDefault="true"><ows:Identifier>default</ows:Identifier></Style>
      <Format>${format}</Format>
      <TileMatrixSetLink>
        <TileMatrixSet>${tms}</TileMatrixSet>
        <TileMatrixSetLimits>${limits.map(limitsXml).join('')}</TileMatrixSetLimits>
      </TileMatrixSetLink>
      <ResourceURL format="${format}" resourceType="tile" template="${xml(template)}"/>
    </Layer>`;

function matrixSetXml(id: TileMatrixSetId, useEpsg: boolean): string {
  const scales = scaleSetOf(id);
  const matrices = tileMatrixSetDocument(id).tileMatrices.map(
    (matrix) => `
      <TileMatrix><ows:Identifier>${matrix.id}</ows:Identifier><ScaleDenominator>${matrix.scaleDenominator}</ScaleDenominator><TopLeftCorner>${matrix.pointOfOrigin.join(' ')}</TopLeftCorner><TileWidth>${matrix.tileWidth}</TileWidth><TileHeight>${matrix.tileHeight}</TileHeight><MatrixWidth>${matrix.matrixWidth}</MatrixWidth><MatrixHeight>${matrix.matrixHeight}</MatrixHeight></TileMatrix>`,
  );
  return `
    <TileMatrixSet>
      <ows:Identifier>${id}</ows:Identifier>
      <ows:SupportedCRS>${useEpsg ? crsName(id) : crsUrn(id)}</ows:SupportedCRS>${scales === undefined ? '' : `
      <WellKnownScaleSet>${scales}</WellKnownScaleSet>`}${matrices.join('')}
    </TileMatrixSet>`;
}

const operationXml = (name: string, url: string): string => `
    <ows:Operation name="${name}"><ows:DCP><ows:HTTP><ows:Get xlink:href="${xml(url)}"><ows:Constraint name="GetEncoding"><ows:AllowedValues><ows:Value>RESTful</ows:Value></ows:AllowedValues></ows:Constraint></ows:Get></ows:HTTP></ows:DCP></ows:Operation>`;

export function wmtsCapabilities({ title, url, site, format, useEpsg, layers }: WmtsOptions): string {
  const sets = [...new Set(layers.map(({ tms }) => tms))];
  return `<?xml version="1.0" encoding="UTF-8"?>
<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.opengis.net/wmts/1.0 http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd" version="1.0.0">
  <ows:ServiceIdentification>
    <ows:Title>${xml(title)}</ows:Title>
    <ows:ServiceType>OGC WMTS</ows:ServiceType>
    <ows:ServiceTypeVersion>1.0.0</ows:ServiceTypeVersion>
  </ows:ServiceIdentification>
  <ows:ServiceProvider>
    <ows:ProviderName>stac-mosaic</ows:ProviderName>
    <ows:ProviderSite xlink:href="${xml(site)}"/>
    <ows:ServiceContact/>
  </ows:ServiceProvider>
  <ows:OperationsMetadata>${operationXml('GetCapabilities', url)}${operationXml('GetTile', url)}
  </ows:OperationsMetadata>
  <Contents>${layers.map((layer) => layerXml(layer, format)).join('')}${sets.map((id) => matrixSetXml(id, useEpsg)).join('')}
  </Contents>
  <ServiceMetadataURL xlink:href="${xml(url)}"/>
</Capabilities>
`;
}
